"""Stories → editions: when an edition is due, what it carries, and how it reads. All of it pure."""
