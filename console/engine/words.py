"""A text as words that can be compared: what BM25 counts, and the codes in it.

Of any script: "Café", "CAFÉ" and "cafe" are one word, "٤٥٢١" is 4521, and a sentence of
Chinese, which has no blanks between its words, is its pairs of characters.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from json import loads
from pathlib import Path
from threading import local
from typing import Any
from zlib import crc32

import numpy as np
import Stemmer

# Of what `terms` answers. Raised when a text's terms become others than before: the
# worker then makes those that are stored anew, and meanwhile they answer as they are.
VERSION = 4

# What stands before a code among the terms, and before a whole text; no word has it.
CODE, WHOLE = "#", "="


@cache
def languages() -> dict[str, dict[str, Any]]:
    """What is known of each language that USE-3 reads, by its ISO 639 code."""
    path = Path(__file__).with_name("languages.json")
    return dict(loads(path.read_text("utf-8")))


def _with_category(first: str) -> str:
    characters = map(chr, range(0x10000))
    return "".join(c for c in characters if unicodedata.category(c) == first)


# Soft hyphens, zero-width blanks and marks of direction.
_UNSEEN = re.compile(f"[{_with_category('Cf')}]")
# Accents, and what Hebrew and Arabic leave out at will. The marks of Indian scripts,
# Thai and kana stay: those are vowels, or make another letter.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670]")
# Letters that Unicode does not take apart.
_FOLDED = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "\u0131": "i",
        "ð": "d",
        "þ": "th",
    }
    | {"ى": "ي", "ة": "\u0647", "’": "'"}
)
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")


def show_plainly(text: str) -> str:
    """Without unseen characters; wide, narrow and joined forms as the usual ones; the
    digits of every script as 0 to 9."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    return _FOREIGN_DIGIT.sub(lambda m: str(unicodedata.decimal(m.group())), text)


def fold(text: str) -> str:
    """Plainly, and without case and accents."""
    text = show_plainly(text).casefold()
    if text.isascii():
        return text
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text)).translate(_FOLDED)
    return unicodedata.normalize("NFC", text)


_LETTER = f"(?:[^\\W_]|[{_with_category('Mn')}{_with_category('Mc')}])"
_WORD = re.compile(f"{_LETTER}+(?:'{_LETTER}+)*")
# Thai, Lao, Khmer, kana and Han have no blanks between words, and Hangul's end in
# particles: "전화는" and "전화를" are of one telephone.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3々]+)"
)


def split_folded(folded: str) -> Iterator[str]:
    """Words; of what has no blanks, pairs of characters that overlap."""
    for word in _WORD.findall(folded):
        if word.isascii():
            yield word
            continue
        for place, piece in enumerate(_UNSPACED.split(word)):
            if place % 2 and len(piece) > 1:
                yield from map("".join, pairwise(piece))
            elif piece:
                yield piece


# By how many of its words a value is found, how long one of them is, and how long a value
# that is found as a whole.
WORDS_MAX, WORD_MAX, VALUE_MAX = 12, 64, 128


def split_value(text: str) -> tuple[list[str], str]:
    """The words by which a value is found, and all of it as one: ada, byron and adabyron
    of `Ada Byron`; `DE-4521 998` and `de4521998` are one value. "" for a long one."""
    words = _WORD.findall(fold(text).replace("'", ""))
    whole = "".join(words)
    return [word[:WORD_MAX] for word in words[:WORDS_MAX]], (
        whole if len(whole) <= VALUE_MAX else ""
    )


# Words that say nothing about what a text is about: articles, pronouns, auxiliaries,
# prepositions. Kept short on purpose: an idf of nearly zero does the rest.
STOP_WORDS = frozenset(
    """
    a about all also am an and any are as at be been being but by can could did do
    does doing for from had has have having he her hers him his how i if in into is
    it its just me might my of on or our ours she should so some such than that the
    their theirs them then there these they this those to too us very was we were
    what when where which who whom why will with would you your yours
    """.split()
)


class _Stemmers(local):
    """A stemmer of PyStemmer is not safe to share between threads. It keeps no word."""

    def __init__(self) -> None:
        self.stem: Callable[[str], str] = Stemmer.Stemmer("english", 0).stemWord


_STEMMERS = _Stemmers()


def _stem(word: str) -> str:
    return _STEMMERS.stem(word)


def stems(text: str) -> list[str]:
    """The stems of a text's words in order, without stop words.

    Snowball English (Porter, 2001); other languages keep their words as they are, apart
    from endings that look English.
    """
    return [_stem(w) for w in split_folded(fold(text)) if w not in STOP_WORDS]


def ask(text: str) -> list[str]:
    """The stems of a question, without what only makes it one: "the customer", "please",
    and the little words of its language.

    "¿De qué color es la tienda?" -> ["color", "tienda"]: in English texts "de" and "la"
    would be rare words that are met.
    """
    words = list(split_folded(fold(text)))
    silent = _little_words(words) | _asking()
    kept = [word for word in words if word not in STOP_WORDS]
    return [_stem(word) for word in kept if word not in silent] or list(
        map(_stem, kept)
    )


@cache
def _asking() -> frozenset[str]:
    said = (word for each in languages().values() for word in each["asking"])
    return frozenset(w for word in said for w in split_folded(fold(word)))


@cache
def _function_words() -> dict[str, list[str]]:
    """The languages of each."""
    found: dict[str, list[str]] = {}
    for code, each in languages().items():
        for word in {fold(word) for word in each["function"]} - {""}:
            found.setdefault(word, []).append(code)
    return found


def _little_words(words: Sequence[str]) -> set[str]:
    """Those of a text that are of the languages it has the most of; none of English."""
    of = {word: codes for word in words if (codes := _function_words().get(word))}
    hits = Counter(code for word in words for code in of.get(word, ()))
    most = max(hits.values(), default=0)
    if hits["en"] == most:
        return set()
    return {word for word, codes in of.items() if any(hits[c] == most for c in codes)}


# "GC-7F3K-22PQ" and "555-0143" as one; a run of such with blanks between, "(202) 555",
# and a few capitals of it, "1Z 884 XK 03".
_CODE = re.compile(r"[a-z0-9]+(?:[-./_][a-z0-9]+)*", re.I)
_CODE_RUN = re.compile(
    r"(?:[a-zA-Z]*\d[a-zA-Z0-9]*(?:[-./_][a-zA-Z0-9]+)*)"
    r"(?:(?:[-. ()/]{1,3}[A-Z]{1,3})?[-. ()/]{1,3}[a-zA-Z]*\d[a-zA-Z0-9]*)+"
)
_DIGIT = re.compile(r"\d")
_LAST_NUMBER = re.compile(r"(?<!\d)\d{4,}$")
_NO_CODE = re.compile(
    r"(?:19|20)\d\ds?|\d{4}-\d\d(?:-\d\d(?:t\d+)?)?|\d{1,2}([./-])\d{1,2}\1(?:\d\d){1,2}"
    r"|\d+(?:st|nd|rd|th)|\d+\.\d\d?"
)


def codes(text: str) -> list[list[str]]:
    """What names one thing: numbers of orders, tickets, phones. For each its spellings
    without separators, the longest first: as it is, without its leading letters, of
    a long number its last seven and its last four digits, of a code its last number.

    "Order ORD-4521" -> [["ord4521", "4521"]]
    "+1 (202) 555-0143" -> [["12025550143", "5550143", "0143"], ["5550143", "0143"]]
    """
    text = show_plainly(text)
    if not _DIGIT.search(text):
        return []
    found = [m.group().casefold() for m in _CODE_RUN.finditer(text)]
    found += [m.group() for m in _CODE.finditer(text.casefold())]
    spelled = [_spell(each) for each in found if not _NO_CODE.fullmatch(each)]
    return [each for n, each in enumerate(spelled) if each and each not in spelled[:n]]


def _spell(code: str) -> list[str]:
    joined = re.sub(r"[^a-z0-9]", "", code)
    digits = sum(map(str.isdigit, joined))
    if not (digits >= 3 or (digits and len(joined) >= 5 and not joined.isdigit())):
        return []
    bare = joined.lstrip("abcdefghijklmnopqrstuvwxyz")
    tails = [bare[-7:], bare[-4:]] if bare.isdigit() and len(bare) >= 7 else []
    if not bare.isdigit():
        tails = _LAST_NUMBER.findall(code)
    spelled = dict.fromkeys([joined, bare, *tails])
    return [s for s in spelled if len(s) >= 4 and (s == joined or digits >= 3)]


_PUNCTUATION = re.compile(r"""[.,;:!?"'()¿¡«»„“”\u2018’。、]""")


def hash_stem(stem: str) -> int:
    """A stem as it is stored: its CRC-32.

    Among the 5,000 different stems of a large profile, two share a value once in
    350 profiles; the price is one text that matches a word too many.
    """
    return crc32(stem.encode())


def terms(text: str) -> bytes:
    """What is stored of a text's words, packed as little-endian 32-bit terms.

    First one for the whole text but its case, punctuation and blanks: texts of the same
    terms are copies. Then its stems in order, then its codes.
    """
    whole = " ".join(_PUNCTUATION.sub(" ", show_plainly(text).casefold()).split())
    spelled = dict.fromkeys(each for code in codes(text) for each in code)
    found = [WHOLE + whole, *stems(text), *(CODE + each for each in spelled)]
    return np.fromiter(map(hash_stem, found), "<u4").tobytes()


# A relation to one value at a time stands so early: "Ana Maria Reed's phone number is".
SUBJECT_MOST = 6


@dataclass(frozen=True, slots=True)
class Claim:
    """What a text tells, as terms.

    subject  its first ones, to the end of a relation to one value at a time; or nothing
    value    those after it
    all      both, or all of them
    """

    subject: tuple[int, ...]
    value: frozenset[int]
    all: frozenset[int]

    @classmethod
    def of(cls, packed: bytes) -> "Claim":
        """`packed` as `terms` answers."""
        said = tuple(np.frombuffer(packed, "<u4")[1:].tolist())
        for end, term in enumerate(said[:SUBJECT_MOST], start=1):
            for relation in _relations().get(term, ()):
                if said[max(end - len(relation), 0) : end] == relation:
                    return cls(said[:end], frozenset(said[end:]), frozenset(said))
        return cls((), frozenset(said), frozenset(said))

    def is_updated_by(self, newer: "Claim") -> bool:
        """Whether the two cannot hold at once.

        "Lives in Leeds." and "Lives in York." cannot, nor "Wants calls." and "Does not
        want calls."; "Bought a lamp." and "Bought a bed." can, and "Lives in Leeds near
        the park." says more than "Lives in Leeds.".
        """
        is_same = bool(self.subject) and self.subject == newer.subject
        if is_same and self.value - newer.value and newer.value - self.value:
            return True
        return self.all ^ newer.all in _negations()


@cache
def _relations() -> dict[int, list[tuple[int, ...]]]:
    """Of one value at a time, "lives", "phone number": by their last term."""
    found: dict[int, list[tuple[int, ...]]] = {}
    for phrase in _hash_phrases("single"):
        found.setdefault(phrase[-1], []).append(phrase)
    return found


@cache
def _negations() -> frozenset[frozenset[int]]:
    return frozenset(map(frozenset, _hash_phrases("negation")))


def _hash_phrases(key: str) -> Iterator[tuple[int, ...]]:
    for each in languages().values():
        for phrase in each[key]:
            yield tuple(map(hash_stem, stems(phrase)))
