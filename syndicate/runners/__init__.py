"""Runners: they ask the jobs which work is due, and run it.

Rows are the truth; a lost or doubled ring changes nothing.
"""
