"""Parse untrusted documents into clean entries, match them to known articles, and schedule polls.

Shelves: ``feed`` (RSS, Atom, JSON Feed), ``html`` (sanitising), ``page`` (article pages, listing pages,
sitemaps, robots.txt), ``folder`` (local files) and ``worker`` (parser processes).
"""
