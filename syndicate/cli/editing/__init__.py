"""Commands for stories, newsletters and editions."""
