"""The newsroom that these tests send mail from, on both engines."""

import pytest

from tests.jobs.room import Room, source
from tests.jobs.sending import NEWSLETTER


@pytest.fixture
def desk(rooms: Room) -> Room:
    """A newsroom with an edition cut for nobody yet: ``mail_to`` subscribes and cuts."""
    rooms.declare(source("harbour", "https://harbour.example/feed") + NEWSLETTER)
    return rooms
