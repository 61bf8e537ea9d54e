"""The product, and beside it an answer larger than what the system keeps of one that
nobody reads."""

from collections.abc import Iterator

from console.wsgi import application as product

CHUNK, CHUNKS = b"x" * 65536, 64


def stream() -> Iterator[bytes]:
    for _ in range(CHUNKS):
        yield CHUNK


def application(environ, start_response):
    if environ["PATH_INFO"] != "/large":
        return product(environ, start_response)
    length = str(len(CHUNK) * CHUNKS)
    start_response("200 OK", [("Content-Length", length)])
    return stream()
