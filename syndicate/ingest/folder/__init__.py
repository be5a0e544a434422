"""Articles from a folder of local files."""
