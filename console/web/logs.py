"""Log lines that cannot hold a customer: JSON from an allow-list of keys.

A message is written as the code has it, without its arguments: what a line may say
beyond that goes through `extra` under one of the keys below, the rest is dropped.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from console.core.observability import request_id

EXTRA_KEYS = ("method", "path", "status", "ms")


class LineFormatter(logging.Formatter):
    """One record, one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.msg
        template = message if isinstance(message, str) else type(message).__name__
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": template,
            "request_id": request_id.get(),
        }
        line |= {
            key: record.__dict__[key] for key in EXTRA_KEYS if key in record.__dict__
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__qualname__
            # From the outermost in; no source, no values.
            line["frames"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(line, default=lambda value: type(value).__name__)
