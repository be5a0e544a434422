"""Statements about users, sessions, tokens, the audit log and repeated requests."""
