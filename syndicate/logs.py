"""Structured logs: a line per unit of work, as ``key=value`` text or as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

Format = Literal["text", "json"]


def configure_logs(log_format: Format) -> None:
    """Log records of level INFO and above to standard error in the given format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # uvicorn logs start and stop, which the daemon logs as well.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


class _TextFormatter(logging.Formatter):
    """Formatter for text: ``2026-11-24T09:00:00Z info ingest new=3 changed=1``."""

    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{key}={_short(value)}" for key, value in _facts(record).items())
        line = f"{_time(record)} {record.levelname.lower()} {record.getMessage()} {facts}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _JsonFormatter(logging.Formatter):
    """Formatter for JSON lines with ``time``, ``level``, ``logger``, ``event`` and the facts."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    facts = getattr(record, "did", {})
    return dict(facts) if isinstance(facts, dict) else {}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _short(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or '"' in text else text
