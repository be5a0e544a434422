"""Search for readers: queries as typed, and results as shown."""
