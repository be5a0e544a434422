"""Routes for readers: files, search, sign-up, preferences, embeds."""
