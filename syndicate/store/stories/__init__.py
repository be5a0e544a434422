"""SQL of stories, related links, ranked lists and the editor's decisions."""
