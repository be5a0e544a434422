"""Write ``newsletter/lint/mail_support.txt`` from the data of caniemail (npm package ``caniemail``, MIT).

    npm pack caniemail && tar xzf caniemail-*.tgz
    python tables/mail_support.py package/data/caniemail.json package/package.json

The table has the CSS properties, values, units, functions, selectors, at-rules and elements that the latest
version of a widely used mail program does not support, or supports in part.
"""

import json
import re
import sys
import textwrap
from pathlib import Path
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
TARGET = Path(__file__).parents[1] / "syndicate" / "newsletter" / "lint" / "mail_support.txt"
HEAD = """\
# Features that mail programs do not support: made by tables/mail_support.py, not by hand.
# From the data of caniemail {version} ({date}; https://www.caniemail.com), under the MIT License,
# whose text is in LICENSE. Copyright © Avi Goldman. Copyright © Andrew Powell <andrew@shellscape.org>

# Programs without a feature: property, property:value, =keyword, 1unit, function, selector, @rule, element.
[unsupported]
{unsupported}

# Programs that support a feature in part, for features that no program is without.
[partial]
{partial}
"""
SELECTORS = {
    "Adjacent sibling combinator": "a + b",
    "Attribute selector": "[attribute]",
    "Child combinator": "a > b",
    "General sibling combinator": "a ~ b",
}
KEYWORDS = ("fit-content", "min-content", "max-content", "initial")


def names(title: str, category: str) -> list[str]:
    """The features one entry of the data is about, as a mail would write them."""
    if category == "html":
        return re.findall(r"<[a-z0-9]+>", title)
    if title in SELECTORS:
        return [SELECTORS[title]]
    if title.startswith("CSS Variables"):
        return ["var("]
    title = re.sub(r"^CSS | (property|CSS property|properties|shorthand|function|keyword)$", "", title)
    title = re.sub(r"^lang\(\)", ":lang", title).replace(":has()", ":has")
    if unit := re.fullmatch(r"([a-z]+|%) unit", title):
        return [f"={unit[1]}" if unit[1] in KEYWORDS else f"1{unit[1]}"]
    parts = [part.strip().replace(": ", ":") for part in re.split(r",| & ", title)]
    return [
        f"={part}" if part in KEYWORDS or re.match(r"(system-)?ui", part) else part.removesuffix(")")
        for part in parts
        if re.fullmatch(r"@[a-z-]+|[a-z-]+(:[a-z-]+)?|[a-z-]+\(\)|::?[a-z-]+|!important", part)
    ]


def answers(stats: dict[str, Any], letter: str) -> list[str]:
    """Programs of which a platform's latest version answers so: ``n`` for no, ``a`` for almost."""
    latest = {
        program: [list(versions.values())[-1] for versions in stats.get(program, {}).values() if versions]
        for program in PROGRAMS
    }
    return [program for program, said in latest.items() if any(item.startswith(letter) for item in said)]


def lines(table: dict[str, str]) -> str:
    """Return ``programs: feature, feature`` for each set of programs, on lines of at most 110 characters."""
    groups: dict[str, list[str]] = {}
    for feature, programs in sorted(table.items()):
        groups.setdefault(programs, []).append(feature.replace(" ", "\u00a0"))
    wrapped = (
        f"{programs}: {line.removesuffix(',')}"
        for programs, features in sorted(groups.items())
        for line in textwrap.wrap(", ".join(features), 108 - len(programs), break_on_hyphens=False)
    )
    return "\n".join(wrapped).replace("\u00a0", " ")


def main(data: Path, package: Path) -> None:
    """Write the tables."""
    found = json.loads(data.read_text("utf-8"))
    without: dict[str, str] = {}
    partial: dict[str, str] = {}
    for feature in found["data"]:
        if feature["category"] not in ("css", "html") or feature["title"] == "CSS comments":
            continue
        missing, almost = (answers(feature["stats"], letter) for letter in "na")
        table, programs = (without, missing) if missing else (partial, almost)
        for name in names(feature["title"], feature["category"]) if programs else ():
            table[name] = " ".join(programs)
    version = json.loads(package.read_text("utf-8"))["version"]
    text = HEAD.format(
        version=version,
        date=found["last_update_date"][:10],
        unsupported=lines(without),
        partial=lines(partial),
    )
    TARGET.write_text(text, "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
