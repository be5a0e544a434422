"""The naive way to send a newsletter: render, inline, build, sign and send for every reader.

``python -m benchmarks.naive_mail PORT COUNT WORDS KEY`` does it against an SMTP server on loopback and prints
the CPU microseconds of each message. The text is invented; ``benchmarks.delivery`` sends the same edition.
"""

import json
import smtplib
import sys
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import dkim
import premailer
from jinja2 import Environment, Template

PAGE = """<html><head><style>{{ css }}</style></head><body>{% for story in stories %}
<table class="story"><tr><td class="cell"><h2 class="head c{{ loop.index }}">{{ story.title }}</h2>
<p class="lead c{{ loop.index + 20 }}">
<a class="link" href="https://news.example/{{ loop.index }}/{{ token }}">{{ story.lead }}</a></p>
{% for part in story.parts %}<p class="text c{{ loop.index + 40 }}">{{ part }} <b>more</b></p>{% endfor %}
<a class="more" href="https://news.example/more/{{ loop.index }}/{{ token }}">Read more</a></td></tr></table>
{% endfor %}<p class="foot"><a href="https://news.example/unsubscribe/{{ token }}">Unsubscribe</a> or
<a href="https://news.example/preferences/{{ token }}">choose</a></p></body></html>"""
WORDS = (
    *("harbour", "ferry", "strike", "council", "bridge", "river"),
    *("school", "season", "market", "library", "light", "winter"),
)


def stories(words: int) -> list[dict[str, Any]]:
    """Twelve invented stories."""
    text = [" ".join(WORDS[(n * 7 + i * i) % 12] for i in range(words)) for n in range(12)]
    return [
        {
            "title": f"Story {n}",
            "lead": item[:150],
            "parts": [item[at : at + 400] for at in range(0, len(item), 60)],
        }
        for n, item in enumerate(text)
    ]


def style() -> str:
    """190 rules of three declarations each, and two for small screens."""
    names = [".story", ".cell", ".head", ".lead", ".link", ".text", ".more", ".foot", "b", "p", "a"]
    names += [f".c{number}" for number in range(1, 180)]
    rules = [
        f"{name}{{color:#{number:03x};margin:{number % 9}px;line-height:1.{number % 9}}}"
        for number, name in enumerate(names)
    ]
    return "".join(rules) + "@media(max-width:600px){.cell{padding:4px}.head{font-size:18px}}"


def page() -> Template:
    """The template of the HTML part."""
    return Environment(autoescape=True).from_string(PAGE)


def context(words: int) -> dict[str, Any]:
    """Return the values of the template: so many words in each story."""
    return {"css": style(), "stories": stories(words)}


def text(facts: dict[str, Any], token: str) -> str:
    """The text part."""
    parts = "\n\n".join(fact["title"] + "\n" + fact["lead"] for fact in facts["stories"])
    return f"{parts}\n\nUnsubscribe: https://news.example/unsubscribe/{token}\n"


def main(port: int, count: int, words: int, key: bytes) -> None:
    facts = context(words)
    cpu, wall = time.process_time(), time.monotonic()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(count):
            token, reader = f"{number:032d}", f"reader{number}@example.org"
            message = EmailMessage(policy=SMTP.clone(max_line_length=998))
            message["From"], message["To"] = "news@example.com", reader
            message["Subject"], message["Message-ID"] = "The news of Tuesday", f"<{number}@example.com>"
            message["List-Unsubscribe"] = f"<https://news.example/unsubscribe/{token}>"
            message.set_content(text(facts, token))
            html = page().render(token=token, **facts)
            message.add_alternative(premailer.transform(html), subtype="html")
            data = message.as_bytes()
            server.sendmail("news@example.com", [reader], dkim.sign(data, b"rsa", b"example.com", key) + data)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    print(json.dumps({"cpu_us": cpu / count * 1e6, "per_second": count / wall}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]).read_bytes())
