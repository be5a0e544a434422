"""Tables of the stages' last runs and of totals."""

from sqlalchemy import BigInteger, Column, Text

from syndicate.store.core.column_types import Json, UtcTime
from syndicate.store.schema.base import columns, table

stage_runs = table(
    "stage_runs",
    Column("stage", Text, primary_key=True),
    *columns(UtcTime, "at"),
    *columns(BigInteger, "ms"),
    *columns(Text, "problem"),
    *columns(Json, "facts_json", "recent_json"),
    Column("success", UtcTime),
)

totals = table(
    "totals",
    Column("name", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    *columns(BigInteger, "value"),
)
