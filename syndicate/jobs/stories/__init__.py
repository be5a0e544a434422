"""Articles to stories, related links and ranked lists; past lists once more."""
