"""Actions of the admin pages, the API and the commands: each is a function with an actor and a moment.

An action ends in one transaction that holds the change, its row in the audit log, and its result for a
repeated request.
"""
