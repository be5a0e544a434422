"""Guess the charset of a document whose label does not fit its bytes. Pure.

chardet sees the text without markup and URLs, which are ASCII in every charset and would outweigh the text.
"""

import re

import chardet

MIN_CONFIDENCE = 0.05
"""Below this confidence the label stays, or the charset is unknown."""
LABEL_BONUS = 0.03
"""The label wins if its confidence is at most this much below the best guess: most labels are right."""
_MAX_SEARCHED_BYTES, _SAMPLE_BYTES = 50_000, 4_000
_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[|\]\]>|<[^<>]*>|https?://[^\s<>\"']+|&#?\w{1,10};", re.DOTALL)


def detect(body: bytes, label: str = "") -> str:
    """Return the codec that decodes ``body`` to the most plausible text, ``""`` without such a codec.

    ``label`` is the codec that the document declares, if that codec can decode the document.
    """
    sample = _sample(body)
    guess = chardet.detect(sample)
    best, confidence = guess["encoding"] or "", guess["confidence"]
    if not best or confidence < MIN_CONFIDENCE:
        return label
    if label:
        text = sample.decode(label, "replace")
        guesses = chardet.detect_all(sample, ignore_threshold=True)
        equal = (guess for guess in guesses if _decoded(sample, guess["encoding"] or "") == text)
        if max((guess["confidence"] for guess in equal), default=0.0) >= confidence - LABEL_BONUS:
            return label
    return best


def _sample(body: bytes) -> bytes:
    """Return the text around the first non-ASCII byte, with markup only if all other text is ASCII."""
    first = re.search(rb"[\x80-\xff]", body)
    start = max(first.start() - 300, 0) if first else 0
    part = body[start : start + _MAX_SEARCHED_BYTES]
    text = _MARKUP.sub(b" ", part)
    return (part if text.isascii() else text)[:_SAMPLE_BYTES]


def _decoded(sample: bytes, encoding: str) -> str:
    try:
        return sample.decode(encoding, "replace")
    except LookupError:
        return ""
