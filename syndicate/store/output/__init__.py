"""SQL of channels, archives, stale pages and announcements."""
