"""Tables as the statements see them; the SQL in ``migrations/`` creates them.

A test compares these definitions with the migrated tables on both engines.
"""

# ruff: noqa: F403 - this package is the union of the tables of its modules
from syndicate.store.schema.base import *
from syndicate.store.schema.for_access import *
from syndicate.store.schema.for_events import *
from syndicate.store.schema.for_ingest import *
from syndicate.store.schema.for_mail import *
from syndicate.store.schema.for_output import *
from syndicate.store.schema.for_stories import *
