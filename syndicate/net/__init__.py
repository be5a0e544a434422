"""Outbound HTTP: a guarded client, in a thread that fetches for all jobs."""

# ruff: noqa: F401 - other rooms import these names from here
from syndicate.net.address_guard import AddressGuard, looks_public
from syndicate.net.credentials import Credentials, read_credentials
from syndicate.net.http_types import (
    FEED_ACCEPT,
    PAGE_ACCEPT,
    SITEMAP_ACCEPT,
    Fetched,
    FetchRequest,
    HttpOptions,
    SentAnswer,
    SentRequest,
    UserAgent,
    agent_name,
)
from syndicate.net.politeness import next_pause
from syndicate.net.thread import FetchThread
