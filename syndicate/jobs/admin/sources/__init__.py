"""Actions and views of sources."""
