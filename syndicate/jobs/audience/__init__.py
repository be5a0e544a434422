"""What readers ask for: sign-up, choices, the way out."""
