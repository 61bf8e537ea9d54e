"""Requests that two servers in a row could take for different ones, sent byte by byte
to the server we ship."""

import re
import socket

import pytest

from tests.processes import serving

SECOND = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    databases = {
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
    }
    with serving(prepares=True, HTTPS="0", **databases) as (port, _process):
        yield port


def send(port, *parts: bytes) -> list[int]:
    """The statuses of all that is answered until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"".join(parts))
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


def head(*headers: bytes, first=b"POST /v1/Stores HTTP/1.1") -> bytes:
    return b"\r\n".join([first, b"Host: localhost", *headers, b"", b""])


LENGTH = b"Content-Length: %d" % len(SECOND)
AMBIGUOUS = {
    "length and encoding": head(LENGTH, b"Transfer-Encoding: chunked"),
    "two lengths": head(b"Content-Length: 0", LENGTH),
    "the same length twice": head(LENGTH, LENGTH),
    "lengths in a list": head(b"Content-Length: 0, 45"),
    "a signed length": head(b"Content-Length: +45"),
    "a length that goes on": head(b"Content-Length: 4\r\n 5"),
    "a blank before the colon": head(b"Content-Length : 45"),
    "two encodings": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x"),
    "an encoding of old HTTP": head(
        b"Connection: keep-alive",
        b"Transfer-Encoding: chunked",
        first=b"POST /v1/Stores HTTP/1.0",
    ),
    "a line feed alone": head(b"X: a\nContent-Length: 45"),
    "a carriage return alone": head(b"X: a\rContent-Length: 45"),
    "a NUL": head(b"X: a\0b"),
    "another version": head(first=b"POST /v1/Stores HTTP/3.7"),
}


@pytest.mark.parametrize("request_head", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_requests_are_refused_with_what_follows(port, request_head):
    assert send(port, request_head, SECOND) == [400]


def test_unknown_encodings_are_refused_with_what_follows(port):
    encoded = head(b"Transfer-Encoding: gzip, chunked")

    assert send(port, encoded, SECOND) == [501]


def test_a_chunked_body_is_refused_and_never_a_request(port):
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SECOND), SECOND)
    chunked = head(b"Transfer-Encoding: chunked", b"Connection: close")

    assert send(port, chunked, body) == [411]


def test_a_length_by_another_name_is_no_length(port):
    other = head(b"Content_Length: 45", first=b"GET /healthz HTTP/1.1")

    assert send(port, other, head(b"Connection: close", first=b"GET /healthz HTTP/1.1"))


def test_requests_in_a_row_are_answered_in_a_row(port):
    last = head(b"Connection: close", first=b"GET /healthz/ HTTP/1.1")

    assert send(port, SECOND, SECOND, last) == [200, 200, 404]


@pytest.mark.parametrize(
    ("size", "status"), [(20_000, 401), (33_000, 431)], ids=["long", "too long"]
)
def test_a_long_path_is_refused_with_a_status(port, size, status):
    first = b"GET /v1/" + b"a" * size + b" HTTP/1.1"

    assert send(port, head(b"Connection: close", first=first)) == [status]


def test_a_body_that_is_too_large_is_refused_and_not_kept(port):
    size = 9 * 1024 * 1024
    announced = head(b"Content-Length: %d" % size, b"Connection: close")

    assert send(port, announced, b"x" * size) == [413]
