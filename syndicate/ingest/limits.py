"""Size limits of untrusted documents that several parsers share."""

MAX_PAGE_CHARACTERS = 3_000_000
"""Characters of a page's markup without scripts and styles; real articles have some hundred thousand."""
MAX_HTML_CHARACTERS = 1_000_000
"""Characters of an item's text before it is cleaned."""
MAX_SUMMARY_CHARACTERS = 600
"""Characters of an entry's summary."""
MAX_TAG_CHARACTERS = 60
MAX_TAGS = 20
"""Tags of an entry."""
MAX_ITEMS = 2_000
"""Items read from one feed document."""
MAX_DEPTH = 200
"""Nested elements of an XML or HTML document."""
MAX_ATTRIBUTES = 500
"""Attributes of one element."""
MAX_ROBOTS_BYTES = 512 * 1024
"""Bytes of a robots.txt; RFC 9309 section 2.5 demands at least 500 KiB."""
