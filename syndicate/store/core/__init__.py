"""Engines, migrations, leases, retention and other parts that serve every stage."""
