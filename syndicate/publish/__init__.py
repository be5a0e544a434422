"""Stories and articles → feeds and pages. Data in, bytes out: no I/O, no clock."""
