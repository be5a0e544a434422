"""SQL of sources, articles, pages to read, hub subscriptions and robots.txt."""
