"""Demo: invented publications, served over HTTP on this machine, for ``syndicate demo`` and tests."""
