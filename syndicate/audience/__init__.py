"""Who reads: addresses, the signed links in their mail, and lists of subscribers in and out."""
