"""Editions to inboxes, and what comes back from there."""
