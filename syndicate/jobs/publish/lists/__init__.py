"""Build of paged lists, days and Latest."""
