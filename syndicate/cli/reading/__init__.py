"""Commands for sources, rules and articles."""
