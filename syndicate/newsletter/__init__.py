"""Editions of newsletters: periods, selection of stories, rendering as mail, and lint. Pure."""
