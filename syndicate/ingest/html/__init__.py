"""Sanitising of untrusted HTML, and the images in it."""
