"""Read articles from a folder of local files."""
