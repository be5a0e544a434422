"""Rows of sources, articles and pages to read."""
