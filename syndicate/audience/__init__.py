"""Subscribers: addresses, the signed links in their mail, and import and export of lists."""
