"""syndicate turns a list of news sources into feeds, pages and a newsletter people trust."""

__version__ = "0.2.0"
DOCUMENTATION = "https://github.com/syndicate-news/syndicate/blob/main/docs"
"""Address of the folder of the documentation's pages."""
