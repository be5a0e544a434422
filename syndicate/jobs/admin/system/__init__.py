"""Overview, metrics, system page and settings: the installation itself, as pages show it."""
