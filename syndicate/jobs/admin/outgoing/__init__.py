"""Actions and views of channels, newsletters, posts and webhooks."""
