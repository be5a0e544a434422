"""The site about itself: its directory of feeds, its principles, and documents for programs."""
