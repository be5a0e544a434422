"""Strangers' bytes become clean entries: feeds, folders, identity, polling."""
