"""Jobs: each reads due work from the store, decides with pure functions of other rooms, and writes.

Jobs begin and end transactions. No network, rendering or file work happens inside a transaction. A killed job
keeps its committed work, and the next run continues.
"""
