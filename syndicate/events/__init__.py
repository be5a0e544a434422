"""Events for other programs: bodies, signatures, sealed secrets and times of retries. Pure."""
