"""Configuration of the newsroom of the histories, and the faults of its mail server."""

from typing import Any

from tests.delivery.scripted_smtp import DROP, DROP_AFTER, SILENCE

BASE = """
[site]
url = "https://news.example"
title = "The Newsroom"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
[http]
allow_private = true
host_gap = 0
[sign_up]
enabled = true
[ranking]
floor = 0
[retention]
articles = "6d"
[[newsletters]]
name = "daily"
title = "The digest"
schedule = "daily 07:00"
stories = 50
trending = 5
[[newsletters]]
name = "alpha"
query = "source:alpha"
schedule = "daily 07:00"
"""
OK = b"250 ok\r\n"
FAULTS: tuple[dict[str, Any], ...] = (
    {},
    {"BODY": (OK, DROP)},
    {"BODY": (OK, OK + DROP_AFTER)},
    {"MAIL": (OK, DROP)},
    {"RCPT": (OK, b"450 later\r\n") * 30},
    {"DATA": (b"354 go\r\n", b"354 go\r\n" + DROP_AFTER)},
    {"BODY": (OK, b"451 wait\r\n") * 20},
    {"MAIL": (b"421 busy\r\n" + DROP_AFTER,)},
    {"BODY": OK + DROP_AFTER},
    {"DATA": b"354 go\r\n" + DROP_AFTER},
    {"BODY": (OK, SILENCE)},
    {},
)
SILENT, CLOSES_IN_BODY = len(FAULTS) - 2, len(FAULTS) - 1
