"""Statements about webhooks, events, and posts to other networks."""
