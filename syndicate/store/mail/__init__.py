"""Rows of subscribers, newsletters, editions and deliveries."""
