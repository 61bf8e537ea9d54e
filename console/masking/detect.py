"""Finding in a text what has the shape of a person's number or address.

Three readings, each blanks what it took: addresses; then what its own form tells, dates
among it; then what is left, number by number, by the word before it. RE2 reads the
text in time linear in its length; Python's re sees single numbers only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from console.masking.patterns import (
    ADDRESS,
    DIGITS_MAX,
    DIGITS_MIN,
    NUMBERS,
    PLACE,
    SHAPES,
    WEAK,
    Found,
    Shape,
    get_digits,
)
from console.masking.plain import (
    GAP_MAX,
    GLUED,
    IS_WORDS,
    KIND,
    SAID_PIN,
    SECRET_LATER,
    SECRET_LINKS,
    Label,
    Labels,
    build_pattern,
    compile_re2,
    fold,
    list_words,
    read_plain,
)

# A longer run of digits is masked as it is.
NUMBER_MAX = 80
# What a label of papers or accounts names begins within these words and characters.
VALUE_WORDS, VALUE_WITHIN, PREFIX_MAX = 3, 60, 3
CODE_MAX = 12
SECRET_MIN, SECRET_DIGITS_MIN = 4, 3

_ADDRESS = compile_re2(ADDRESS.regex)
# Without groups: RE2 is ten times slower when it must tell which part has matched.
_SHAPE = compile_re2("|".join(pattern.regex for pattern in SHAPES))
_SHAPES, _NUMBERS = (
    [(re.compile(pattern.regex), pattern) for pattern in patterns]
    for patterns in (SHAPES, NUMBERS)
)
_SEPARATOR = rf"[ (),.:;/_~'{WEAK}-]"
_DASH = build_pattern(list_words("signs", "-"))
_PLUS = build_pattern(list_words("signs", "+"))
_RUN = compile_re2(
    rf"(?:[(+][ (+.]*|(?:{_PLUS}) )?\d"
    rf"(?:(?:{_SEPARATOR}*|{_SEPARATOR}+(?:{_DASH}){_SEPARATOR}+)\d){{{DIGITS_MIN - 1},}}"
)
_EDGES = " ,.:;/_~'-)"
_PART = re.compile(rf"[^,;:'{WEAK}]+|\+[^,;:'{WEAK}]+")
_SOME_DIGITS = re.compile(r"\d\D{0,8}\d")
# An id of ours, or a time, of which dates are blanked: nothing labels anything.
_ONE_WORD = re.compile(r"[\w\0]*", re.ASCII)
_EXTENSION = re.compile(r"x ?\d|ext")
_CODE = re.compile(r"_|[a-z]+\d")
_LIST = compile_re2(
    rf"[ ,;/&]*(?:{build_pattern([*list_words('signs', 'and'), *list_words('signs', 'or')])})?[ ,;]*"
)
_TOKEN = re.compile(r"[0-9A-Za-z]+|[^\x00-\x7f]+")
_LABELLED = {"id": Shape.ID, "bank": Shape.BANK, "card": Shape.CARD}
# Four digits, or letters among two: `C4VMK6JPK`.
_VALUES = {
    "id": re.compile(
        r"(?=.{5})(?:\D*\d){4}.*|(?=.{6})(?=.*[a-z].*[a-z])(?:\D*\d){2}.*"
    ),
    "bank": re.compile(r"(?:\D*\d){6}.*"),
    "card": re.compile(r"(?:\D*\d){12}.*"),
}

_SECRET = KIND["secret"]
# To the next blank; what ends a sentence is no part of it.
_STOPS = rf"\s,;\"\0{GLUED.pattern[1:-1]}"
_SECRET_VALUE = re.compile(
    rf"\d+(?:[ -]\d+)+|[^{_STOPS}]{{3,64}}?(?=[.!?):\]]*(?:[{_STOPS}]|\Z))"
)
_ODD = re.compile(r"[^\s\w]|\d|[A-Z]")
_SECRET_FIGURES = re.compile(r"\d{3,12}|(?=.{4})\D*\d.*")
_WORD = re.compile(r"[^\s\0]+")
_ASSIGNED = re.compile(r"[:=\"'“„«] *\Z")
_ENDS_THERE = re.compile(r"[.!?\")\]]*(?:\s*\n|\s*\Z|[,;])")

Span = tuple[Shape, int, int]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A piece of a text, from `start` to `end`; `plain` is what it says."""

    shape: Shape
    start: int
    end: int
    plain: str = field(repr=False)


def find_personal_data(text: str) -> list[PersonalData]:
    """From left to right; none overlaps another."""
    found = [
        PersonalData(
            shape, plain.starts[start], plain.ends[end - 1], plain.text[start:end]
        )
        for plain in read_plain(text)
        for shape, start, end in _Reading(plain.text).find()
    ]
    found.sort(key=lambda data: (data.start, -data.end))
    apart: list[PersonalData] = []
    for data in found:
        if not apart or data.start >= apart[-1].end:
            apart.append(data)
        elif data.end > apart[-1].end:
            # In part in one layer of encoding, whole in the next.
            apart[-1] = PersonalData(data.shape, apart[-1].start, data.end, data.plain)
    return apart


def _is_secret(value: re.Match[str], gap: str) -> bool:
    """Figures, or no word of a language; also a word that stands alone after a colon,
    and after "is" with a capital: "Password is Hunter!"."""
    text = value[0]
    if not text.strip("0123456789 -"):
        return SECRET_DIGITS_MIN <= len(get_digits(text)) <= DIGITS_MAX
    if len(text) < SECRET_MIN:
        return False
    is_odd = (
        any(map(str.isdigit, text))
        or not text.isalpha()
        or text[1:] != text[1:].lower()
    )
    is_alone = _ENDS_THERE.match(value.string, value.end())
    is_said = text[0].isupper() and not IS_WORDS.isdisjoint(fold(gap).split())
    is_assigned = _ASSIGNED.search(
        value.string, max(0, value.start() - 3), value.start()
    )
    return is_odd or bool(is_alone and (is_said or is_assigned))


def _is_alike(secret: str, text: str) -> bool:
    """Figures of one length, or figures among other signs in both."""
    if secret.isdigit():
        return text.isdigit() and len(text) == len(secret)
    return (
        not text.isdigit() and len(text) >= SECRET_MIN and bool(re.search(r"\d", text))
    )


class _Reading:
    """One plain text; `rest` is what no pattern has taken so far, folded."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rest = fold(text)
        self._thing = -1, ""

    @cached_property
    def labels(self) -> Labels:
        return Labels(self.rest)

    @cached_property
    def _has_said_pin(self) -> bool:
        return bool(SAID_PIN.search(self.rest))

    def find(self) -> Iterator[Span]:
        yield from self._take(self._read_addresses())
        if _SECRET.search(self.rest):
            yield from self._take(self._read_secrets())
        if _SOME_DIGITS.search(self.rest):
            yield from self._take(self._read_shapes())
            if not _ONE_WORD.fullmatch(self.rest):
                yield from self._take(self._read_labelled())
            yield from self._read_numbers()

    def _take(self, spans: Iterable[tuple[Shape | None, int, int]]) -> Iterator[Span]:
        """Blank them for the next reading, and tell all but those that stay readable."""
        pieces: list[str] = []
        done = 0
        for shape, start, end in spans:
            pieces += self.rest[done:start], "\0" * (end - start)
            done = end
            if shape:
                yield shape, start, end
        self.rest = "".join([*pieces, self.rest[done:]])

    def _read_addresses(self) -> Iterator[Span]:
        text = PLACE.sub(lambda match: "\0" * len(match[0]), self.rest)
        for match in _ADDRESS.finditer(text):
            yield Shape.MAIL, *match.span()

    def _read_secrets(self) -> Iterator[Span]:
        """`4471` of "my PIN is 4471", `hunter2` of "hunter2 is the password"."""
        done = 0
        for label in self.labels.all:
            start, end = self._find_secret(label) if label.kind == "secret" else (0, 0)
            while done <= start < end:
                yield Shape.PIN, start, end
                done = end
                start, end = self._find_next_secret(start, end)

    def _find_secret(self, label: Label) -> tuple[int, int]:
        begin, end = max(0, label.start - GAP_MAX), label.end + GAP_MAX
        if self._has_said_pin or _ODD.search(self.text, label.end, end):
            after = self.rest[label.end : end]
            for links in (SECRET_LINKS.match(after), SECRET_LATER.match(after)):
                if links and (
                    found := self._read_secret(label.end + links.end(), links[0])
                ):
                    return found
        # "4471 is" or "4471 is my".
        words = [*_WORD.finditer(self.rest, begin, label.start)][-3:]
        for value, is_ in pairwise(words):
            if is_[0] in IS_WORDS and _SECRET_FIGURES.fullmatch(value[0]):
                return value.span()
        return 0, 0

    def _find_next_secret(self, start: int, end: int) -> tuple[int, int]:
        """`9917` of "4821, 9917", `letmein9` of "hunter2 or letmein9"."""
        first, begin = self.text[start:end], _LIST.match(self.rest, end)
        if begin and begin.end() > end:
            value = _SECRET_VALUE.match(self.text, begin.end())
            if value and _is_alike(first, value[0]):
                return value.span()
        return 0, 0

    def _read_secret(self, start: int, links: str) -> tuple[int, int] | None:
        if self._has_said_pin and (
            said := SAID_PIN.match(self.rest[start : start + GAP_MAX])
        ):
            return start, start + len(said[0].rstrip(" ,-"))
        value = _SECRET_VALUE.match(self.text, start)
        return value.span() if value and _is_secret(value, links) else None

    def _read_shapes(self) -> Iterator[tuple[Shape | None, int, int]]:
        for match in _SHAPE.finditer(self.rest):
            found = self._build_found(*match.span())
            for regex, pattern in _SHAPES:
                if regex.fullmatch(found.text) and pattern.check(found):
                    yield pattern.shape, *match.span()
                    break

    def _build_found(self, start: int, end: int) -> Found:
        return Found(
            text=self.rest[start:end],
            before=self.rest[max(0, start - 1) : start],
            after=self.rest[end : end + 2],
            find_label=lambda: self.labels.find(start, end),
        )

    def _read_labelled(self) -> Iterator[Span]:
        """After "passport", "Kontonummer", "卡号": whatever has digits in it."""
        for label, after in pairwise([*self.labels.all, None]):
            if label and label.kind in _LABELLED:
                until = min(
                    after.start if after else len(self.rest), label.end + VALUE_WITHIN
                )
                start, end = self._find_value(label.end, until)
                if _VALUES[label.kind].fullmatch(self.rest[start:end]):
                    yield _LABELLED[label.kind], start, end

    def _find_value(self, start: int, until: int) -> tuple[int, int]:
        """The span of `QQ 12 34 56 C` in " number is QQ 12 34 56 C, and"."""
        taken = self.rest.find("\0", start, until)
        begin, end, words = None, start, 0
        before = ""
        for token in _TOKEN.finditer(self.text, start, until if taken < 0 else taken):
            word, is_near = token[0], token.start() - end <= 1
            has_digit = any(map(str.isdigit, word))
            if begin is not None:
                if not (is_near and (has_digit or (word.isupper() and len(word) == 1))):
                    break
            elif has_digit:
                is_prefix = is_near and before.isupper() and len(before) <= PREFIX_MAX
                begin = end - len(before) if is_prefix else token.start()
            elif (words := words + 1) > VALUE_WORDS:
                break
            before, end = word, token.end()
        return (start, start) if begin is None else (begin, end)

    def _read_numbers(self) -> Iterator[Span]:
        for run in _RUN.finditer(self.rest):
            found = [
                span
                for part in _PART.finditer(self.rest, *run.span())
                for span in self._read_number(*part.span())
            ]
            is_one = DIGITS_MIN <= len(get_digits(run[0])) <= DIGITS_MAX
            if not found and is_one and self.labels.find(*run.span()) == "phone":
                found = [(Shape.PHONE, *run.span())]
            yield from found

    def _read_number(self, start: int, end: int) -> Iterator[Span]:
        part = self.rest[start:end]
        end = start + len(part.rstrip(_EDGES))
        start += len(part) - len(part.lstrip(_EDGES))
        if len(get_digits(part)) < DIGITS_MIN:
            return
        if shape := self._judge(start, end):
            yield shape, start, end
        elif self._thing[0] == end:
            # A number to call may follow the order's.
            first = self.rest[start:end].split(maxsplit=1)[0]
            yield from self._read_number(start + len(first), end)

    def _judge(self, start: int, end: int) -> Shape | None:
        found = self._build_found(start, end)
        if len(found.text) > NUMBER_MAX:
            return Shape.PHONE
        label = found.find_label()
        if label != "thing" and self._is_in_code(found, end, label):
            label = "code"
        elif not label and self._is_listed(start, found.text):
            label = "thing"
        for regex, pattern in _NUMBERS:
            if regex.fullmatch(f"{label} {found.text}") and pattern.check(found):
                if label == "thing" and not pattern.shape:
                    self._thing = end, get_digits(found.text.split(maxsplit=1)[0])
                return pattern.shape
        return None

    def _is_listed(self, start: int, text: str) -> bool:
        """`4500012346` in "orders 4500012345, 4500012346"."""
        (end, first), digits = self._thing, get_digits(text)
        is_like = (len(digits), digits[:3]) == (len(first), first[:3])
        return is_like and bool(_LIST.fullmatch(self.rest, end, start))

    def _is_in_code(self, found: Found, end: int, label: str) -> bool:
        """`1Z999AA10123456784`: letters touch it, and no label says what it is."""
        before, after = found.before, self.rest[end : end + CODE_MAX]
        if before == "_" or (before.isascii() and before.isalpha()):
            return label != "phone"
        return bool(_CODE.match(after)) and not _EXTENSION.match(after)
