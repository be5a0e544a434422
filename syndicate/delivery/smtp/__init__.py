"""SMTP with pipelining: protocol, connections and sender."""
