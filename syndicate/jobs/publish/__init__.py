"""Stories and editions to feeds and pages on disk; our hub hears of what changed."""
