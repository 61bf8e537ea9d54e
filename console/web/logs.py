"""Log lines that cannot hold a customer: JSON from an allow-list of keys.

A message is written as the code has it, without its arguments: what a line may say
beyond that goes through `extra` under one of the keys below, the rest is dropped.
"""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from console.audit import context

EXTRA_KEYS = ("method", "path", "status", "ms")


# Ids and words of our own addresses. Not: an address, a phone number, a name.
_SAFE_SEGMENT = re.compile(r"[a-z0-9_-]*[a-z][a-z0-9_-]*|")


class LineFormatter(logging.Formatter):
    """One record, one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": _get_message_template(record.msg),
            "request_id": context.request_id.get(),
        }
        line |= {
            key: record.__dict__[key] for key in EXTRA_KEYS if key in record.__dict__
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__qualname__
            line["frames"] = _list_frames(record.exc_info[2])
        return json.dumps(line, default=lambda value: type(value).__name__)


def _get_message_template(message: Any) -> str:
    return message if isinstance(message, str) else type(message).__name__


def _list_frames(trace: TracebackType | None) -> list[str]:
    """`file:line function` from the outermost in; no source, no values."""
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)
    ]


def mask_path(path: str) -> str:
    """The path with every segment replaced that could be somebody's identifier."""
    return "/".join(
        segment if _SAFE_SEGMENT.fullmatch(segment) else "…"
        for segment in path.split("/")
    )
