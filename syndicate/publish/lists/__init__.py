"""Pages of lists, days and sources: data in, bytes out. Pure."""
