"""Checks of a rendered mail before it is sent."""
