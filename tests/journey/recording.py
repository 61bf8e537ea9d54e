"""A page's pictures as one animated PNG, which GitHub shows moving."""

import struct
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from playwright.sync_api import Page

SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDTH, HEIGHT = 1000, 640


def build_chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def read_chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(picture):
        [size] = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + size]
        at += size + 12


def animate(frames: list[tuple[bytes, int]]) -> bytes:
    """One endless picture of PNGs of the same size, each shown for so many ms."""
    numbers = count()
    parts = []
    for picture, ms in frames:
        chunks = list(read_chunks(picture))
        data = b"".join(each for kind, each in chunks if kind == b"IDAT")
        head = dict(chunks)[b"IHDR"]
        shown = struct.pack(">I", next(numbers)) + head[:8]
        shown += struct.pack(">IIHHBB", 0, 0, ms, 1000, 0, 0)
        if not parts:
            parts += [
                build_chunk(b"IHDR", head),
                build_chunk(b"acTL", struct.pack(">II", len(frames), 0)),
                build_chunk(b"fcTL", shown),
                build_chunk(b"IDAT", data),
            ]
        else:
            number = struct.pack(">I", next(numbers))
            parts += [build_chunk(b"fcTL", shown), build_chunk(b"fdAT", number + data)]
    return SIGNATURE + b"".join([*parts, build_chunk(b"IEND", b"")])


class Recording:
    """Keeps what the page looks like at each call; nothing without a folder."""

    def __init__(self, page: Page, folder: str) -> None:
        self._page, self._folder = page, folder
        self._frames = list[tuple[bytes, int]]()

    def __call__(self, ms: int = 900) -> None:
        if self._folder:
            self._page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
            self._page.emulate_media(color_scheme="light")
            self._frames.append((self._page.screenshot(caret="initial"), ms))

    def type(self, text: str) -> None:
        """A few letters at a time, each seen for a moment."""
        for at in range(0, len(text), 6):
            self._page.keyboard.type(text[at : at + 6])
            self(180)

    def save(self, name: str) -> None:
        if self._folder:
            (Path(self._folder) / f"{name}.png").write_bytes(animate(self._frames))
