"""Parse article pages, listing pages, sitemaps and robots.txt, and find a site's feeds."""
