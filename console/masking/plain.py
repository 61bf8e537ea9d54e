"""A text as the detector reads it: one way to write each sign, no layer of encoding.

`\\u0665&#53;%35` is three times a 5, `ada=40acme&period;com` an address. Each plain
character knows where in the text it began, so that what is found can be masked there.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from console.masking.words import SAID_DIGITS, fold, read_digits

# Classes of combining marks; below are parts of letters in scripts such as Hindi.
ABOVE_LETTERS = 200
# As deep as anybody has met them: %252535 is a 5 that was encoded three times.
LAYERS = 4

# One UTF-8 character as %C3%A9 or =C3=A9, an entity with or without its semicolon, an
# escape of JSON or of a programming language.
_ENCODED = re.compile(
    r"""([%=])(?:[0-7][\da-f]|[cd][\da-f](?:\1[89ab][\da-f])
          |e[\da-f](?:\1[89ab][\da-f]){2}|f[0-7](?:\1[89ab][\da-f]){3})
      | &(?:\#\d{1,7}|\#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});?
      | (?-i:\\U)[\da-f]{8} | (?:\\|%)u[\da-f]{4} | \\u\{[\da-f]{1,6}\} | \\x[\da-f]{2}""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
# What is not plain already: no letter or digit that is written in one way only, or a
# line that quoted-printable broke.
_ODD = re.compile(
    r"=\r?\n|[^\x20-\x7e\w]|(?![0-9])\d|[\u00b2\u00b3\u00b9\u02b0-\u02b8\u115f\u1160\u2070-\u209c"
    r"\u2460-\u24ff\u2776-\u2793\u3164\uff00-\uffef\U0001d400-\U0001d7ff"
    r"\U0001f100-\U0001f1ff]"
)
_SIGNS = {
    **dict.fromkeys("\u2027\u2043\u2212\u2219\u22c5\u00b7\u30fb\uff65", "-"),
    **dict.fromkeys("\u2044\u2215", "/"),
    **dict.fromkeys("\u3002\uff61\u06d4", "."),
    **dict.fromkeys("\u3001\uff64\u060c", ","),
    **dict.fromkeys("\u2019\u02bc", "'"),
    # Blank by look, letters or symbols by name.
    **dict.fromkeys("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0", ""),
}
_BLANK, _DASH = frozenset({"Zs", "Zl", "Zp"}), "Pd"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co"})


@dataclass(frozen=True, slots=True)
class Plain:
    """starts: for each character, and for the end, its place in the original text."""

    text: str
    starts: Sequence[int]


def read_plain(text: str) -> Iterator[Plain]:
    """The text in plain characters, then again for each layer of encoding below it."""
    plain = _replace(_ODD, _to_plain, Plain(text, range(len(text) + 1)))
    yield plain
    said = _replace(SAID_DIGITS, read_digits, plain, fold(plain.text))
    if said is not plain:
        yield said
    for _ in range(LAYERS):
        decoded = _replace(_ENCODED, _decode, plain)
        if decoded is plain:
            return
        plain = _replace(_ODD, _to_plain, decoded)
        yield plain


def _replace(
    pattern: Any, change: Callable[[str], str], plain: Plain, text: str = ""
) -> Plain:
    """text: the same in another form, where the pattern reads that."""
    pieces: list[str] = []
    starts: list[int] = []
    end = 0
    for match in pattern.finditer(text or plain.text):
        changed = change(match[0])
        if changed == match[0]:
            continue
        pieces += plain.text[end : match.start()], changed
        starts += plain.starts[end : match.start()]
        # Of several characters for one the later ones have its end.
        begin, after = plain.starts[match.start()], plain.starts[match.end()]
        starts += [begin, *[after] * (len(changed) - 1)][: len(changed)]
        end = match.end()
    if not pieces:
        return plain
    pieces.append(plain.text[end:])
    return Plain("".join(pieces), [*starts, *plain.starts[end:]])


def _decode(encoded: str) -> str:
    sign, rest = encoded[0], encoded[1:]
    if sign == "&":
        return html.unescape(encoded)
    if rest[0] in "uUx" and sign != "=":
        code = int(rest[1:].strip("{}"), 16)
        return chr(code) if code < 0x110000 else encoded
    octets = bytes.fromhex(encoded.replace(sign, ""))
    return octets.decode(errors="replace")


@cache
def _to_plain(char: str) -> str:
    if char[0] == "=":
        return ""
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if char in _SIGNS:
        return _SIGNS[char]
    category = unicodedata.category(char)
    if category in _BLANK or char in "\t\n\r\v\f\x85":
        return " "
    if category == _DASH:
        return "-"
    # Accents that stand alone, the keycap, variations of a look.
    is_mark = category == "Me" or unicodedata.combining(char) >= ABOVE_LETTERS
    if category in _UNSEEN or is_mark or "VARIATION" in unicodedata.name(char, ""):
        return ""
    same = unicodedata.normalize("NFKC", char)
    return same if len(same) == 1 or same.isdecimal() else char
