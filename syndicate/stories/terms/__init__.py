"""Fingerprint of an article: weighed terms, word vectors, shingles, and their similarity."""
