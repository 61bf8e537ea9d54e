"""The door without a client that would mend what it sends: a WSGI call as it is."""

import base64
import io
from typing import Any

import httpx

from console.wsgi import application


def knock(
    path: str,
    *,
    method: str = "GET",
    query: str = "",
    body: Any = None,
    **environ: str,
) -> httpx.Response:
    """The answer to a request whose path is given as a server has unquoted it."""
    told: list[Any] = []
    chunks = application(
        {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": body or io.BytesIO(),
            **environ,
        },
        lambda status, headers: told.extend((status, headers)),
    )
    content = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    return httpx.Response(int(told[0][:3]), headers=told[1], content=content)


def basic(username: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()
