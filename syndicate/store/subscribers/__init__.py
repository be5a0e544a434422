"""Subscribers: mailboxes, consents, choices, fields, segments, sign-ups and the suppression list."""
