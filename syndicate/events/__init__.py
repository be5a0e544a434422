"""Signatures and sealed secrets of events for other programs; texts of alerts. Pure."""
