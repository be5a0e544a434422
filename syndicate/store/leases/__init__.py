"""Statements about leases, and leases that are renewed while their holder works."""
