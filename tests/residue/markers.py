"""Texts that stand nowhere else, and finding them again in bytes, whatever their form.

zqvxkjob4f7tq2aa   a word: six letters that begin each, two for what it is of
                   (an observation), eight of its own
12127350311        a phone number: five digits that begin each
"""

import base64
import secrets
import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from os.path import commonprefix

CORE = "zqvxkj"
LETTERS = string.ascii_lowercase + "234567"


def make_word(of: str) -> str:
    return CORE + of[:2] + "".join(secrets.choice(LETTERS) for _ in range(8))


def make_phone(number: int) -> str:
    # None of them a row of zeros, which names nobody.
    return f"12127{345_600 + number:06}"


@dataclass
class Shape:
    """One form of many markers, all of one length; they begin or end alike."""

    markers: set[bytes] = field(default_factory=set)

    def find(self, content: bytes) -> Iterator[bytes]:
        stem, before = self._get_stem()
        size, at = len(next(iter(self.markers))), content.find(stem)
        while at >= 0:
            found = content[at - before : at - before + size]
            if at >= before and found in self.markers:
                yield found
            at = content.find(stem, at + 1)

    def _get_stem(self) -> tuple[bytes, int]:
        """What all have, and how many bytes stand before it."""
        start = commonprefix(list(self.markers))  # noqa: RUF071
        end = commonprefix([each[::-1] for each in self.markers])[::-1]  # noqa: RUF071
        if len(start) >= len(end):
            return start, 0
        return end, len(next(iter(self.markers))) - len(end)


def base64_at(offset: int) -> Callable[[str], bytes]:
    """The letters that are a marker's own when it begins at byte 0, 1 or 2 of three."""

    def encode(text: str) -> bytes:
        raw = b"\0" * offset + text.encode()
        first, whole = -(-offset * 8 // 6), len(raw) * 8 // 6
        return base64.b64encode(raw)[first:whole]

    return encode


def separated(text: str) -> bytes:
    return f"({text[1:4]}) {text[4:7]}-{text[7:]}".encode()


FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "upper case": lambda text: text.upper().encode(),
    "reversed": lambda text: text[::-1].encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "URL-coded": lambda text: "".join(f"%{ord(c):02X}" for c in text).encode(),
    "UTF-16": lambda text: text.encode("utf-16-le"),
    "base64": base64_at(0),
    "base64, second": base64_at(1),
    "base64, third": base64_at(2),
}
PHONE_FORMS = {"plain", "reversed", "base64", "base64, second", "base64, third"}


class Net:
    """Finds any of its markers in any form."""

    def __init__(self, markers: Iterable[str]) -> None:
        self.shapes: dict[str, Shape] = {}
        for marker in markers:
            for form, encode in FORMS.items():
                if marker.startswith(CORE) or form in PHONE_FORMS:
                    self._add(f"{form} {marker[:6]}", encode(marker))
            if not marker.startswith(CORE):
                self._add("phone, separated", separated(marker))

    def _add(self, name: str, marker: bytes) -> None:
        self.shapes.setdefault(name, Shape()).markers.add(marker)

    def count(self, content: bytes) -> int:
        return self.tally(content).total()

    def tally(self, content: bytes) -> Counter[bytes]:
        found: Counter[bytes] = Counter()
        for shape in self.shapes.values():
            # Upper case of digits, for one, is the plain form again.
            found.update(shape.find(content))
        return found
