"""Answers that are made for each request: search, private feeds, embeds, former channels."""
