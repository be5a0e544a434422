"""Article pages, listing pages, sitemaps and robots.txt."""
