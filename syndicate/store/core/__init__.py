"""Engines, migrations, leases and everything else that belongs to no stage."""
