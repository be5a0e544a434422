"""Full-text search: SQLite FTS5 and PostgreSQL behind the same functions."""
