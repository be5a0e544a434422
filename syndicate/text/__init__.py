"""Pure functions on text every room may use: addresses, plain text, language, reading time, names."""
