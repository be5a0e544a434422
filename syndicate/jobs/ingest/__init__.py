"""Sources to articles: due polls, pages, sitemaps and pushes, and what becomes of what they bring."""
