"""Sanitise untrusted HTML: ``sanitise`` for the text of entries, ``html_documents`` for whole pages."""
