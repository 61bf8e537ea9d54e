"""Finding in a text what has the shape of a person's number or address.

Three readings, each blanks what it took: addresses; then what its own form tells, dates
among it; then what is left, number by number, by the word before it. RE2 reads the
text in time linear in its length; Python's re sees single numbers only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise, permutations

from console.core.unicode import GLUED
from console.masking.patterns import (
    ADDRESS,
    DIGITS_MAX,
    DIGITS_MIN,
    NUMBERS,
    PLACE,
    SHAPES,
    WEAK,
    Shape,
    ShapeMatch,
    get_digits,
)
from console.masking.plain import (
    DOUBTFUL,
    GAP_MAX,
    IS_WORDS,
    KIND,
    NO_PASSWORD,
    PHRASE,
    SAID_PIN,
    SECRET_LATER,
    SECRET_LINKS,
    SETS,
    THEN,
    TO,
    WHOSE,
    Label,
    Labels,
    build_pattern,
    compile_re2,
    fold,
    list_words,
    read_plain,
    strip_accents,
)

# A longer run of digits is masked as it is.
NUMBER_MAX = 80
# What a label of papers or accounts names begins within these words and characters.
VALUE_WORDS, VALUE_WITHIN, PREFIX_MAX = 3, 60, 3
CODE_MAX = 12
SECRET_MIN, SECRET_DIGITS_MIN = 4, 3
# How far before "password" it may say whose it is.
OWN_WITHIN = 16

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
_ASSIGNED = re.compile(r"(?:[:=] *[\"'“„«]?|[\"'“„«])\Z")
_ENDS_THERE = re.compile(r"[.!?\"'”)\]]*(?:\s*\n|\s*\Z|[,;。])|[.!?]+\s")
_QUOTED = re.compile(r"(?<=[\"'“„«])[^\"'“”„«»\n\0]{4,64}(?=[\"'“”»])")
_LETTERS = rf"[^\W\d_{GLUED.pattern[1:-1]}]{{4,32}}"
_PLAIN_WORDS = re.compile(rf"{_LETTERS}(?: {_LETTERS}){{0,4}}")
_AT_FIRST = re.compile(r"(?:\A|[.!?:;,\n\0]) *[\"'“„«]?([^\W\d_]{4,32})[\"'“”»]? *\Z")

Span = tuple[Shape, int, int]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A piece of a text, from `start` to `end`; `plain` is what it says."""

    shape: Shape
    start: int
    end: int
    plain: str = field(repr=False)


def find_personal_data(
    text: str, own: re.Pattern[str] | None = None
) -> list[PersonalData]:
    """From left to right; none overlaps another. `own`: what is a customer's own."""
    found = [
        PersonalData(
            shape, plain.starts[start], plain.ends[end - 1], plain.text[start:end]
        )
        for plain in read_plain(text)
        for shape, start, end in chain(
            _Reading(plain.text).find(), _find_own(plain.text, own)
        )
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


# The last digits of a phone number tell whose it is; its country may be left out.
OWN_DIGITS = 7
_GAP = r"[ ().:/-]{0,3}"
_NAME_WORD = re.compile(r"[^\W\d_]+")
# Names that are words as well are names where they are written as names: "Bill".
_NAMES_TOO, _PARTICLES = (
    frozenset(list_words("names", key)) for key in ("words", "particles")
)


def compile_own(
    names: Iterable[str], phones: Iterable[str] = ()
) -> re.Pattern[str] | None:
    """Finds a customer's names, one by one and inflected, and phone numbers in a text
    without accents; None without any."""
    numbers = [
        rf"(?:[+(]?\d[\d ().:/-]{{0,11}})?{_GAP.join(digits)}(?!\d)"
        for phone in phones
        if len(digits := get_digits(phone)[-OWN_DIGITS:]) == OWN_DIGITS
    ]
    words = [_NAME_WORD.findall(strip_accents(name)) for name in names]
    bodies = [body for name in words for body in _list_bodies(name)]
    glued = ["".join(name) for name in words if name and GLUED.match(name[0])]
    bodies += map("".join, permutations(glued, 2))
    if not (numbers or bodies):
        return None
    # Longer ones first, as of alternatives the first one counts.
    found = sorted(set(bodies), key=lambda body: (-len(body), body))
    phone = [f"(?P<phone>{'|'.join(sorted(numbers))})"] if numbers else []
    return re.compile("|".join([*found, *phone]))


def _list_bodies(name: list[str]) -> Iterator[str]:
    """Of `van`, `der`, `Berg` all three in a row, and the last one alone."""
    if len(name) > 1:
        whole = r"\W{1,3}".join(name)
        yield rf"(?i:(?<!\w){whole}(?!\w))"
    for word in name:
        if GLUED.match(word):
            if len(word) > 1:
                yield word
        elif (lower := word.lower()) in _PARTICLES and len(name) > 1:
            continue
        elif lower in _NAMES_TOO or len(word) < 3:
            if len(word) > 1:
                yield rf"(?<!\w)(?:{word.capitalize()}|{word.upper()})(?:'?s)?(?!\w)"
        else:
            ending = "(?:'?s)?" if word.isascii() else r"\w{0,3}"
            yield rf"(?i:(?<!\w){word}{ending}(?!\w))"


def _find_own(text: str, own: re.Pattern[str] | None) -> Iterator[Span]:
    if own:
        for match in own.finditer(strip_accents(text)):
            yield (Shape.PHONE if match.lastgroup else Shape.NAME), *match.span()


def _is_secret(text: str) -> bool:
    """Figures, or no word of a language."""
    if not text.strip("0123456789 -"):
        return SECRET_DIGITS_MIN <= len(get_digits(text)) <= DIGITS_MAX
    if len(text) < SECRET_MIN or NO_PASSWORD.fullmatch(fold(text)):
        return False
    return not text.isalpha() or text[1:] != text[1:].lower()


def _has_no_password(*words: str) -> bool:
    """Whether one of them is said of a password: "wrong", "expired"."""
    return any(NO_PASSWORD.search(word) for word in map(fold, words))


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
        after = self.rest[label.end : end]
        may_be_odd = self._has_said_pin or _ODD.search(self.text, label.end, end)
        links = [SECRET_LINKS.match(after)]
        if after[:1] in " ,":
            links += SECRET_LATER.match(after), TO.match(after)
        for link in filter(None, links):
            at = label.end + link.end()
            if may_be_odd and (found := self._read_secret(at)):
                return found
            if self._is_said(link, label) and (found := self._read_words(at, label)):
                return found
        # "4471 is" or "4471 is my", and "hunter is my".
        words = [*_WORD.finditer(self.rest, begin, label.start)]
        for value, is_ in pairwise(words[-4:]):
            if is_[0] in IS_WORDS:
                if _SECRET_FIGURES.fullmatch(value[0]) and is_ in words[-2:]:
                    return value.span()
                if found := self._read_first_word(value, label):
                    return found
        return 0, 0

    def _is_said(self, link: re.Match[str], label: Label) -> bool:
        """Whether a plain word behind it is a password: "is", "=", "changed it to"."""
        if link.re is TO:
            begin = max(0, label.start - GAP_MAX)
            return bool(SETS.search(self.rest[begin : label.start]))
        at = label.end + link.end()
        is_said = not IS_WORDS.isdisjoint(link[0].split())
        return is_said or bool(_ASSIGNED.search(self.rest, max(0, at - 3), at))

    def _is_own(self, label: Label) -> bool:
        """ "my password", "passordet mitt"."""
        before = self.rest[max(0, label.start - OWN_WITHIN) : label.start]
        after = self.rest[label.end : label.end + OWN_WITHIN].lstrip()
        return bool(WHOSE.search(before) or WHOSE.match(after))

    def _read_words(self, start: int, label: Label) -> tuple[int, int] | None:
        """`hunter` of "my password is hunter", `blue moon` of 'is "blue moon"'."""
        found = _QUOTED.match(self.text, start) or _PLAIN_WORDS.match(self.text, start)
        if not found:
            return None
        words, end = found[0].split(), found.end()
        is_phrase = len(words) > 1 and found.re is _PLAIN_WORDS
        if found.re is _PLAIN_WORDS:
            first = start + len(words[0])
            if is_phrase and self._ends_at(first):
                words, end, is_phrase = words[:1], first, False
            elif not self._ends_at(end):
                return None
        name, is_own = self.rest[label.start : label.end], self._is_own(label)
        if is_phrase and len(words) > 2 and PHRASE.fullmatch(name):
            words = words[-1:]
        elif not is_own and (is_phrase or DOUBTFUL.fullmatch(name)):
            return None
        return None if _has_no_password(*words) else (start, end)

    def _ends_at(self, end: int) -> bool:
        """A sentence, or what it says of a password: "hunter and", "hunter, please"."""
        return bool(_ENDS_THERE.match(self.text, end) or THEN.match(self.rest, end))

    def _read_first_word(
        self, value: re.Match[str], label: Label
    ) -> tuple[int, int] | None:
        """`hunter` of "hunter is my password", where a sentence begins with it."""
        before = self.rest[max(0, value.start() - 3) : value.end()]
        found = _AT_FIRST.search(before)
        if not (found and self._is_own(label)) or _has_no_password(found[1]):
            return None
        start = value.end() - len(before) + found.start(1)
        return start, start + len(found[1])

    def _find_next_secret(self, start: int, end: int) -> tuple[int, int]:
        """`9917` of "4821, 9917", `letmein9` of "hunter2 or letmein9"."""
        first, begin = self.text[start:end], _LIST.match(self.rest, end)
        if begin and begin.end() > end:
            value = _SECRET_VALUE.match(self.text, begin.end())
            if value and _is_alike(first, value[0]):
                return value.span()
        return 0, 0

    def _read_secret(self, start: int) -> tuple[int, int] | None:
        if self._has_said_pin and (
            said := SAID_PIN.match(self.rest[start : start + GAP_MAX])
        ):
            return start, start + len(said[0].rstrip(" ,-"))
        value = _SECRET_VALUE.match(self.text, start)
        return value.span() if value and _is_secret(value[0]) else None

    def _read_shapes(self) -> Iterator[tuple[Shape | None, int, int]]:
        for match in _SHAPE.finditer(self.rest):
            found = self._build_found(*match.span())
            for regex, pattern in _SHAPES:
                if regex.fullmatch(found.text) and pattern.check(found):
                    yield pattern.shape, *match.span()
                    break

    def _build_found(self, start: int, end: int) -> ShapeMatch:
        return ShapeMatch(
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

    def _is_in_code(self, found: ShapeMatch, end: int, label: str) -> bool:
        """`1Z999AA10123456784`: letters touch it, and no label says what it is."""
        before, after = found.before, self.rest[end : end + CODE_MAX]
        if before == "_" or (before.isascii() and before.isalpha()):
            return label != "phone"
        return bool(_CODE.match(after)) and not _EXTENSION.match(after)
