"""Slow clients of five kinds, and good ones beside them, in one event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

PAGE = b"/accounts/login/"
# A good client waits so long for an answer before it gives up.
ANSWER_S = 30.0
# The pause between two bytes of a slow client.
DRIP_S = 1.0


@dataclass
class Outcome:
    """Of good requests: how many were sent, and the seconds of those answered."""

    sent: int = 0
    times_s: list[float] = field(default_factory=list)


@asynccontextmanager
async def connected(port: int, *, receives: int = 0) -> AsyncIterator[Connection]:
    sock = socket.socket()
    sock.setblocking(False)
    if receives:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=receives or 65536)
    try:
        yield reader, writer
    finally:
        writer.close()


def build_head(path: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    first = b"%s %s HTTP/1.1" % (method, path)
    return b"\r\n".join((first, b"Host: 127.0.0.1", *headers, b"", b""))


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


async def stay_silent(port: int) -> None:
    async with connected(port) as (reader, _writer):
        await reader.read()


async def drip_headers(port: int) -> None:
    async with connected(port) as (_reader, writer):
        writer.write(build_head(PAGE)[:-2])
        await drip(writer)


async def drip_body(port: int) -> None:
    form = (
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Length: 5000",
        # With it Django looks for a token in the body.
        b"Cookie: csrf=" + b"a" * 32,
    )
    async with connected(port) as (_reader, writer):
        writer.write(build_head(PAGE, *form, method=b"POST"))
        await drip(writer)


async def read_slowly(port: int) -> None:
    async with connected(port, receives=2048) as (reader, writer):
        writer.write(build_head(b"/large"))
        while await reader.read(1):
            await asyncio.sleep(DRIP_S)


async def stay_idle(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(build_head(b"/healthz"))
        await reader.read()


KINDS: dict[str, Callable[[int], Awaitable[None]]] = {
    "silent": stay_silent,
    "headers dripped": drip_headers,
    "bodies dripped": drip_body,
    "answers read slowly": read_slowly,
    "idle keep-alive": stay_idle,
}


@asynccontextmanager
async def slow_clients(port: int, kind: str, number: int) -> AsyncIterator[None]:
    """`number` of them, each back when the server has ended its connection."""

    async def insist() -> None:
        while True:
            with suppress(OSError):
                await KINDS[kind](port)
            await asyncio.sleep(DRIP_S / 5)

    tasks = []
    for _ in range(number):
        tasks.append(asyncio.create_task(insist()))
        await asyncio.sleep(DRIP_S / 50)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ask(port: int, outcome: Outcome) -> None:
    """One request on a connection of its own."""
    outcome.sent += 1
    began = perf_counter()
    answer = b""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(ANSWER_S):
            async with connected(port) as (reader, writer):
                writer.write(build_head(PAGE, b"Connection: close"))
                while chunk := await reader.read(65536):
                    answer += chunk
    if answer.startswith(b"HTTP/1.1 200"):
        outcome.times_s.append(perf_counter() - began)


async def try_kind(
    port: int, kind: str, *, slow: int, good: int, seconds: float
) -> Outcome:
    """`good` clients, each with four requests a second, beside `slow` ones."""
    outcome = Outcome()

    async def work(place: int) -> None:
        await asyncio.sleep(place / good / 4)
        for _ in range(round(seconds * 4)):
            await ask(port, outcome)
            await asyncio.sleep(0.25)

    async with slow_clients(port, kind, slow):
        await asyncio.gather(*map(work, range(good)))
    return outcome
