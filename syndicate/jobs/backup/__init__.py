"""Backups, restored backups, and moves of the store to another place or engine."""
