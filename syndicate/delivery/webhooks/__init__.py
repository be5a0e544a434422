"""Webhooks of mail providers: signatures of their requests, and the events in them."""
