"""Parsing of untrusted documents in worker processes."""
