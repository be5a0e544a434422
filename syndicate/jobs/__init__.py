"""One unit of work each. A job asks the store what is due, decides with the rooms, and writes.

Transactions begin and end here. No network, rendering or file work happens inside one. A job can
die at any instant: what it committed stays, and the next run carries on.
"""
