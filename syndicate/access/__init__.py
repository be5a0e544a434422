"""Access: passwords, second steps, random keys and the limits of sign-ins, as pure functions."""
