"""Write ``syndicate/newsletter/mail_support.py`` from the data of caniemail (npm package ``caniemail``, MIT).

    npm pack caniemail && tar xzf caniemail-*.tgz
    python tables/mail_support.py package/data/caniemail.json package/package.json

Only what matters to a mail of ours is kept: CSS properties, values and functions, at-rules and elements that
the latest version of a widely used mail program does not support at all.
"""

import json
import re
import sys
from pathlib import Path
from pprint import pformat
from typing import Any

PROGRAMS = (
    "gmail",
    "outlook",
    "apple-mail",
    "yahoo",
    "samsung-email",
    "protonmail",
    "fastmail",
    "thunderbird",
)
TARGET = Path(__file__).parents[1] / "syndicate" / "newsletter" / "mail_support.py"
HEAD = '''"""What mail programs do not support: made by ``tables/mail_support.py``, not by hand.

From the data of caniemail {version} ({date}; https://www.caniemail.com), which comes with this notice:

MIT License. Copyright © Avi Goldman. Copyright © Andrew Powell <andrew@shellscape.org>

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

# A CSS property, ``property:value``, function, at-rule or element → the programs without it.
UNSUPPORTED = '''


def names(title: str, category: str) -> list[str]:
    """The features one entry of the data is about, as a mail would write them."""
    if category == "html":
        return re.findall(r"<[a-z0-9]+>", title)
    title = re.sub(r" (property|CSS property|properties|shorthand)$", "", title)
    parts = [part.strip().replace(": ", ":") for part in re.split(r",| & ", title)]
    return [
        part.split()[0] if part.startswith("@") else part.removesuffix(")")
        for part in parts
        if re.fullmatch(r"@[a-z-]+|[a-z-]+(:[a-z-]+)?|[a-z-]+\(\)", part)
    ]


def without(stats: dict[str, Any]) -> list[str]:
    """Programs of which a platform's latest version says no."""
    latest = {
        program: [list(versions.values())[-1] for versions in stats.get(program, {}).values() if versions]
        for program in PROGRAMS
    }
    return [program for program, answers in latest.items() if any(one.startswith("n") for one in answers)]


def main(data: Path, package: Path) -> None:
    """Write the table."""
    found = json.loads(data.read_text("utf-8"))
    table = {
        name: " ".join(programs)
        for feature in found["data"]
        if feature["category"] in ("css", "html") and (programs := without(feature["stats"]))
        for name in names(feature["title"], feature["category"])
    }
    version = json.loads(package.read_text("utf-8"))["version"]
    head = HEAD.format(version=version, date=found["last_update_date"][:10])
    TARGET.write_text(head + pformat(table, width=108) + "\n", "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
