"""Growth of the subscriptions in 60 days; it names no person."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from syndicate.plots import Figure, line_with_columns
from syndicate.store import Connection
from syndicate.store.subscribers.subscriber_rows import changes_by_day
from syndicate.text.phrases import plural


@dataclass(frozen=True, slots=True)
class SubscriberGrowth:
    """Confirmed subscriptions now, and those joined and left by day, the oldest day first."""

    total: int
    days: dict[date, tuple[int, int]]

    @property
    def note(self) -> str:
        """Numbers joined and left in the last week."""
        joined, left = (sum(numbers) for numbers in zip(*list(self.days.values())[-7:], strict=True))
        return f"+{joined:,} in 7 days, {left:,} left"

    @property
    def figure(self) -> Figure:
        """Plot of the total at the end of each day, above those joined and left."""
        totals, standing = [], self.total
        for joined, left in reversed(self.days.values()):
            totals.append(max(0, standing))
            standing -= joined - left
        joined_by_day, left_by_day = zip(*self.days.values(), strict=True)
        finding = f"{plural(self.total, 'confirmed subscription')}: {self.note}."
        labels = [f"{day:%-d %b}" for day in self.days]
        title = f"Subscribers, {len(labels)} days"
        return line_with_columns(title, finding, labels, totals[::-1], joined_by_day, left_by_day)


def read_growth(connection: Connection, total: int, now: datetime, zone: ZoneInfo) -> SubscriberGrowth:
    """Return the growth to ``total`` confirmed subscriptions, by day in a time zone."""
    return SubscriberGrowth(total, changes_by_day(connection, now, zone))
