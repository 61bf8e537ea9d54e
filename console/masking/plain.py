"""A text as the detector reads it: one way to write each sign, no layer of encoding.

`\\u0665&#53;%35` is three times a 5, `ada=40acme&period;com` an address. Each plain
character knows where in the text it began, so that what is found can be masked there.
The words of words.toml read it: digits that are said, labels before a number.
"""

import html
import re
import tomllib
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import re2

from console.core.unicode import GLUED

_WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))
# Letters with an accent as the letter alone, one for one, so that places stay.
_FOLD = {
    code: unicodedata.normalize("NFKD", chr(code))[0]
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00), 0x622, 0x623, 0x625)
} | {
    ord(char): letter
    for char, letter in zip("ßøØæÆłŁđĐıºª", "soOaAlLdDioa", strict=True)
}
_NO_LETTERS = str.maketrans("0123456789_", " " * 11)
# How far before a number its label may stand.
GAP_MAX, WORDS_BETWEEN = 40, 4


# Room for the states of all labels at once: with RE2's own 8 MiB it builds them again
# and again, at a tenth of the speed.
_OPTIONS = re2.Options()
_OPTIONS.max_mem = 32 << 20
_OPTIONS.log_errors = False


def compile_re2(pattern: str) -> Any:
    return re2.compile(pattern, _OPTIONS)


def strip_accents(text: str) -> str:
    """Each letter at the place it had."""
    return text if text.isascii() else text.translate(_FOLD)


def fold(text: str) -> str:
    """Lower case without accents."""
    return strip_accents(text).lower()


def list_words(*path: str) -> list[str]:
    """All words below a table of words.toml, or of one of its keys, folded."""
    found = _WORDS
    for key in path:
        found = found[key]
    return list(dict.fromkeys(fold(word) for word in _walk(found)))


def _walk(table: dict[str, Any] | str) -> Iterator[str]:
    if isinstance(table, str):
        yield from (word.strip() for word in table.split(","))
    else:
        for below in table.values():
            yield from _walk(below)


def build_pattern(words: list[str]) -> str:
    """One alternative a word, longer ones first; what follows a word is written once."""
    ends: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        begin = r"\b" if word.isascii() and word[0] != "*" else ""
        if word[0] == "=":
            begin = r"\|"
        body = re2.escape(word.strip("*=")).replace(r"\ ", "[ .'°-]{1,3}")
        body = body.replace(r"\*", "[a-z]*")
        ends.setdefault(_get_end(word), []).append(begin + body)
    return "|".join(f"(?:{'|'.join(bodies)}){end}" for end, bodies in ends.items())


def _get_end(word: str) -> str:
    if word[0] == "=":
        return r"\|"
    if GLUED.search(word):
        return ""
    if not word.isascii():
        return r"[\pL\pM]*"
    return "[a-z]*" if word.endswith("*") else r"\b"


_DIGITS = {
    word: digit for digit in "0123456789" for word in list_words("digits", digit)
}
_DIGIT = "|".join(
    rf"\b{word}\b" if word.isascii() else word
    for word in sorted(_DIGITS, key=len, reverse=True)
)
_TIMES = {word: int(times) for times in "23" for word in list_words("times", times)}
_TIMES_WORD = "|".join(sorted(_TIMES, key=len, reverse=True))
# Python's own is the faster one for matches as short as these.
_SAID_DIGIT = re.compile(
    rf"\d|[{''.join(word for word in _DIGITS if len(word) == 1)}]|{_DIGIT}|{_TIMES_WORD}"
)
_LETTER = re.compile(r"[^\W\d_]")
_SAID = rf"(?:(?:{_TIMES_WORD})[ -]+)?(?:{_DIGIT}|\d)"
_BETWEEN = "|".join(
    re.escape(word)
    for sign in ("between", "dot", "and")
    for word in list_words("signs", sign)
)
_NEXT = "|".join(
    re.escape(word) for sign in ("between", "dot") for word in list_words("signs", sign)
)
SAID_DIGITS = compile_re2(
    rf"(?:{_SAID}[ ,./-]{{0,3}}(?:(?:{_BETWEEN})[ ,.-]{{1,2}})?){{3,}}{_SAID}"
)
_COMMON = frozenset(list_words("common"))
# Fewer are no number to call: "one two three four".
SAID_MIN = 7


def read_digits(said: str) -> str:
    """`(5558675310` of "triple five, eight six seven, 53 one oh".

    What is no number that somebody says stays: "10 to 12, 2 to 5", "2026-01-05, one".
    """
    if not _LETTER.search(said):
        return said
    tokens = _SAID_DIGIT.findall(said)
    times = [1, *(_TIMES.get(token, 1) for token in tokens)]
    digits = "".join(
        _DIGITS.get(token, token) * before
        for token, before in zip(tokens, times, strict=False)
        if token not in _TIMES
    )
    words = {token for token in tokens if token in _DIGITS} - _COMMON
    is_said = len(words) > 1 or not any(map(str.isdecimal, tokens))
    # As "(555) ..." begins: nobody says the digits of a mere amount one by one.
    return f"({digits}" if is_said and len(digits) >= SAID_MIN else said


LABELS = ("phone", "id", "secret", "bank", "card", "thing")
_KINDS = {kind: build_pattern(list_words(kind)) for kind in LABELS}
_KINDS["thing"] += "|[#№]"
# A pass alone is one to travel with.
_ASSIGNED = r"\bpass ?[:=]"
_KINDS["secret"] += f"|{_ASSIGNED}"
# Without groups, and the kind apart: ten times as fast.
_LABELS = compile_re2("|".join([_ASSIGNED, *_KINDS.values()]))
KIND = {kind: compile_re2(pattern) for kind, pattern in _KINDS.items()}
_LINK = build_pattern(list_words("link", "words"))
_LINKS = compile_re2(rf"(?:[^\pL\pM\d]|\d\b|{_LINK})*")
# What may stand between "password" and the password. By Python's own, which is quicker
# on so few characters; nothing follows, so nothing is tried twice.
_LINK_WORDS = _LINK.replace(r"\pL\pM", r"^\W\d_")
SECRET_LINKS = re.compile(rf"(?:2\b)?(?:[\W_]|s\b|{_LINK_WORDS})*")
_IS, _WHOSE = (build_pattern(list_words("own", key)) for key in ("is", "whose"))
# "The PIN that she set is ".
SECRET_LATER = compile_re2(rf"[ ,][^\d.!?\n]{{1,30}}(?:{_IS}|[:=])[^\pL\d]+")
IS_WORDS = frozenset(list_words("own", "is"))
# What surrounds a password that is a plain word, by Python's own: short and all ASCII.
_DOUBTFUL, _PHRASE, _SETS, _TO, _THEN = (
    build_pattern(list_words("password", key))
    for key in ("doubtful", "phrase", "set", "to", "then")
)
DOUBTFUL, PHRASE, SETS = map(re.compile, (_DOUBTFUL, _PHRASE, _SETS))
TO = re.compile(rf" +(?:{_TO}) +[\"'“„«]?")
THEN = re.compile(rf" +(?:{_THEN})")
WHOSE = compile_re2(_WHOSE)
NO_PASSWORD = compile_re2(build_pattern(list_words("password", "not")))
SAID_PIN = compile_re2(rf"(?:(?:{_DIGIT})[ ,-]{{0,2}}){{3,}}")
_OWN = compile_re2(
    rf"[^\pL\pM\d]*(?:[^\d.!?]{{0,16}}(?:{_IS})[^\d]*)?(?:{_WHOSE})[^\d]*"
)
_NO_NUMBER_NEXT = re.compile(r"\D{20}|\D*\Z")
_WORD = re.compile(r"[^\W\d_]+")
_ENDS = re.compile(r"\w[.!?] |\d{3}")


class Label(NamedTuple):
    """A word that says what the number after it is; kind: one of LABELS."""

    kind: str
    start: int
    end: int


@lru_cache(1024)
def _get_kind(word: str) -> str:
    return next(kind for kind, regex in KIND.items() if regex.fullmatch(word))


class Labels:
    """All labels of one folded text."""

    def __init__(self, folded: str) -> None:
        self._folded = folded
        # A word can end at a digit or a low line: `phone5558675310`.
        self._letters = folded.translate(_NO_LETTERS)
        self.all = [
            Label(_get_kind(match[0]), *match.span())
            for match in _LABELS.finditer(self._letters)
        ]
        self._starts = [label.start for label in self.all]
        self._ends = [label.end for label in self.all]

    def find(self, start: int, end: int) -> str:
        """The kind of the label that a number has; "" without one.

        What is a thing's number stays readable: only words such as "number" and "is"
        may stand between. After "call" some words may: "call the office at ...", and
        a phone's label may follow: "22334455 is her mobile". Whoever says whose number
        it is is believed: "order 5558675310 is my number".
        """
        position = bisect_right(self._starts, end - 1)
        after = self.all[position : position + 1]
        if any(label.kind == "phone" and self._is_own(end, label) for label in after):
            return "phone"
        if position := bisect_right(self._ends, start):
            label = self.all[position - 1]
            is_apart = label.kind != "thing" and self._is_near(label.end, start)
            if is_apart or self._is_linked(label.end, start):
                return label.kind
        is_called = any(
            label.kind == "phone" and self._is_near(end, label.start) for label in after
        )
        return "phone" if is_called else ""

    def _is_linked(self, start: int, end: int) -> bool:
        """Only by "number", "is" and the like."""
        gap = self._folded[start:end][: GAP_MAX + 1]
        return len(gap) <= GAP_MAX and bool(_LINKS.fullmatch(gap))

    def _is_own(self, start: int, label: Label) -> bool:
        """`is my phone`, after which no number of its own follows."""
        gap = self._folded[start : label.end][: 2 * GAP_MAX]
        return (
            label.end - start <= GAP_MAX
            and bool(_OWN.fullmatch(gap))
            and len(_WORD.findall(gap)) <= WORDS_BETWEEN + 1
            and bool(_NO_NUMBER_NEXT.match(self._folded, label.end))
        )

    def _is_near(self, start: int, end: int) -> bool:
        gap = self._folded[start:end][: GAP_MAX + 1]
        return (
            len(gap) <= GAP_MAX
            and not _ENDS.search(gap)
            and len(_WORD.findall(gap)) <= WORDS_BETWEEN
        )


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
    r"\u2460-\u24ff\u2776-\u2793\u3164\ufb00-\ufb06\uff00-\uffef\U0001d400-\U0001d7ff"
    r"\U0001f100-\U0001f1ff]"
)
_AND = "|".join(map(re.escape, list_words("signs", "and")))
# "555 and 867 and 5310", "555, 867 and 5310".
_LISTED = re.compile(
    rf"\b(?:\d{{2,5}}(?:,? (?:{_AND}) \d{{2,5}}){{2,4}}"
    rf"|[2-9]\d\d,? (?:(?:{_AND}) )?[2-9]\d\d,? (?:{_AND}) \d{{4}})\b"
)
# "555 then 867", "555<b>867</b>".
_BETWEEN_DIGITS = re.compile(
    rf"(?<=\d)(?:\W{{0,2}}(?:{_NEXT})\W{{0,2}}|</?[a-z]{{1,6}} ?/?>)+(?=\d)"
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
# Arrows, bullets, dots, quotes, pictures: any of them can part the groups of a number.
_PICTURES, BULLET = {"So", "Sm", "Sk", "Po", "Pi", "Pf", "Ps", "Pe"}, "\u2022"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co"})


@dataclass(frozen=True, slots=True)
class Plain:
    """starts, ends: for each character, between which places of the original text it
    stands; several that stand for one share them."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def read_plain(text: str) -> Iterator[Plain]:
    """The text in plain characters, then again for each layer of encoding below it."""
    plain = _replace(
        _ODD, _to_plain, Plain(text, range(len(text)), range(1, len(text) + 1))
    )
    yield plain
    joined = _replace(_BETWEEN_DIGITS, lambda _: " ", plain, fold(plain.text))
    if joined is not plain:
        yield joined
    listed = _replace(_LISTED, _join_groups, plain, fold(plain.text))
    if listed is not plain:
        yield listed
    said = _replace(SAID_DIGITS, read_digits, plain, fold(plain.text))
    if said is not plain:
        yield said
    for _ in range(LAYERS):
        decoded = _replace(_ENCODED, _decode, plain)
        if decoded is plain:
            return
        plain = _replace(_ODD, _to_plain, decoded)
        yield plain


def _join_groups(listed: str) -> str:
    """One number of its groups; not "200 and 300 and 1500", nor "12 and 15 and 18"."""
    groups = re.findall(r"\d+", listed)
    is_number = len("".join(groups)) > SAID_MIN and (
        groups[0][0] == "0" or max(map(len, groups)) > 2
    )
    is_round = all(group[-1] == "0" for group in groups)
    return " ".join(groups) if is_number and not is_round else listed


def _replace(
    pattern: Any, change: Callable[[str], str], plain: Plain, text: str = ""
) -> Plain:
    """text: the same in another form, where the pattern reads that."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    end = 0
    for match in pattern.finditer(text or plain.text):
        changed = change(match[0])
        if changed == match[0]:
            continue
        pieces += plain.text[end : match.start()], changed
        starts += plain.starts[end : match.start()]
        ends += plain.ends[end : match.start()]
        starts += [plain.starts[match.start()]] * len(changed)
        ends += [plain.ends[match.end() - 1]] * len(changed)
        end = match.end()
    if not pieces:
        return plain
    pieces.append(plain.text[end:])
    return Plain(
        "".join(pieces), [*starts, *plain.starts[end:]], [*ends, *plain.ends[end:]]
    )


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
    is_one = len(same) == 1 or same.isdecimal() or (char.isalpha() and same.isascii())
    plain = same if is_one else char
    is_sign = not plain.isascii() and category in _PICTURES and plain not in "°№"
    return BULLET if is_sign else plain
