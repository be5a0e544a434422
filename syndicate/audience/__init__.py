"""Subscribers: addresses, choices, signed links, confirmation mails, and CSV import and export."""
