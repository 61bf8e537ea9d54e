"""The request that an entry is written in."""

from contextvars import ContextVar

# Set by the web layer for each request; empty in commands.
request_id: ContextVar[str] = ContextVar("request_id", default="")
