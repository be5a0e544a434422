"""Editions → inboxes: one message for each subscriber, and the two ways it can leave."""
