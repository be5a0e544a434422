"""Publish stage: rows → files on disk, and notices to the hub about changed feeds."""
