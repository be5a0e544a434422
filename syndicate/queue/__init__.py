"""Workers on many machines: Procrastinate's messages on the PostgreSQL store wake them.

A message says only that a stage, or a shard of it, may have work; rows in the store say which. A lost, late
or doubled message changes nothing. No other package imports procrastinate.
"""
