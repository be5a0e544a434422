"""Rows of channels and published files."""
