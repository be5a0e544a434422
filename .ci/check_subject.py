#!/usr/bin/env python3
"""Refuse a commit whose subject is not ``area: imperative summary`` in at most 72 characters.

``check_subject.py FILE`` reads the message from a file, as git's ``commit-msg`` hook passes it.
"""

import re
import sys
from pathlib import Path

LONGEST = 72
SUBJECT = re.compile(r"[a-z0-9][\w. -]*(, [\w. -]+)*: .+[^.\s]")
MADE_BY_GIT = ("Merge ", "Revert ", "fixup! ", "squash! ")


def main() -> None:
    """Read the message and say what is wrong with its subject, if anything."""
    text = Path(sys.argv[1]).read_text("utf-8")
    subject = next((line for line in text.splitlines() if line and not line.startswith("#")), "")
    if subject.startswith(MADE_BY_GIT):
        return
    if len(subject) > LONGEST:
        sys.exit(
            f"The subject has {len(subject)} characters, at most {LONGEST} are read everywhere: {subject}"
        )
    if not SUBJECT.fullmatch(subject):
        sys.exit(f"Write the subject as `area: imperative summary`, without a full stop: {subject}")


if __name__ == "__main__":
    main()
