"""Guess the charset of a document whose label does not fit its bytes. Pure.

chardet judges the text alone: markup and addresses are ASCII in every charset and would drown a short text.
"""

import re

import chardet

SURE = 0.05
"""Below this confidence the label stays, or the charset is unknown."""
LABELLED = 0.03
"""A label that is this much less plausible than the best guess is kept: most labels are right."""
_LOOKED_AT, _SAMPLE = 50_000, 4_000
_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[|\]\]>|<[^<>]*>|https?://[^\s<>\"']+|&#?\w{1,10};", re.DOTALL)


def detect(body: bytes, label: str = "") -> str:
    """Return the codec that makes the most plausible text of ``body``, or ``""`` when none does.

    ``label`` is the codec that the document names, if that decodes it.
    """
    sample = _sample(body)
    found = chardet.detect(sample)
    best, confidence = found["encoding"] or "", found["confidence"]
    if not best or confidence < SURE:
        return label
    if label:
        text = sample.decode(label, "replace")
        guesses = chardet.detect_all(sample, ignore_threshold=True)
        alike = [
            guess["confidence"] for guess in guesses if _decoded(sample, guess["encoding"] or "") == text
        ]
        if max(alike, default=0.0) >= confidence - LABELLED:
            return label
    return best


def _sample(body: bytes) -> bytes:
    """Return text around the first bytes outside ASCII, markup too if there is no other."""
    first = re.search(rb"[\x80-\xff]", body)
    start = max(first.start() - 300, 0) if first else 0
    part = body[start : start + _LOOKED_AT]
    text = _MARKUP.sub(b" ", part)
    return (part if text.isascii() else text)[:_SAMPLE]


def _decoded(sample: bytes, encoding: str) -> str:
    try:
        return sample.decode(encoding, "replace")
    except LookupError:
        return ""
