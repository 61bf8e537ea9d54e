"""A web site on this machine, for crawls."""

import ssl
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

Answer = tuple[int, dict[str, str], bytes]


class Website:
    """`pages`: what a path is answered with, or what makes the answer of its headers.

    calls  the paths that were asked for
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.pages: dict[str, Answer | Callable[[Any], Answer]] = {}
        self.calls: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.calls.append(self.path)
                page = site.pages.get(self.path, (404, {}, b"Not here."))
                status, headers, body = page(self.headers) if callable(page) else page
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True
            )

    def __enter__(self) -> Self:
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def put(self, path: str, body: str, *links: str, **headers: str) -> None:
        """A page of HTML; its title is its path."""
        found = "".join(f'<p><a href="{link}">more</a></p>' for link in links)
        html = f"<title>{path}</title><main><p>{body}</p>{found}</main>"
        sent = {"Content-Type": "text/html; charset=utf-8"} | headers
        self.pages[path] = 200, sent, html.encode()

    def move(self, path: str, location: str, status: int = 302) -> None:
        self.pages[path] = status, {"Location": location}, b""
