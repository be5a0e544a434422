"""Pages of the operator's web, a module for each area."""
