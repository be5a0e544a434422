"""Operator's pages at /admin/, rendered on the server; they work without JavaScript."""
