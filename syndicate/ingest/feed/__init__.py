"""Parse a feed document into entries: RSS, Atom and JSON Feed.

``feed_parser`` reads a document: ``xml_encoding`` decodes it, ``item_splitter`` finds its items,
``feedparser_adapter`` reads the new items, and ``raw_item`` turns them into entries. ``change_detection``
drops known items before the document is parsed.
"""
