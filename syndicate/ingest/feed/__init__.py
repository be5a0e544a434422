"""One feed document → entries: RSS, Atom and JSON Feed."""
