"""Feeds as RSS, Atom and JSON Feed, and the News sitemap."""
