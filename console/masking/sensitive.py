"""What a store may not want to remember: personal data by its shape, the special
categories of GDPR's article 9 by the words that reveal them, and words of its own."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from console.core.unicode import GLUED
from console.masking.detect import find_personal_data
from console.masking.plain import (
    build_pattern,
    compile_re2,
    fold,
    list_words,
    read_plain,
)

# Each with a text that reveals it.
CATEGORIES = {
    "health": "I have type 2 diabetes.",
    "religion": "We keep kosher at home.",
    "politics": "I am a member of the Labour Party.",
    "sex": "I am a trans woman.",
    "ethnicity": "I am of Turkish descent.",
    "union": "Our shop steward paid for it.",
    "biometric": "My fingerprint was not recognised.",
}
_REVEALING = {
    kind: compile_re2(build_pattern(list_words("special", kind))) for kind in CATEGORIES
}
_ANY = compile_re2("|".join(regex.pattern for regex in _REVEALING.values()))
_HARMLESS = compile_re2(build_pattern(list_words("special", "not")))

Span = tuple[str, int, int]


class Detector:
    """For one store; `words` are its own: whole ones, whatever their case, accents,
    width or encoding."""

    def __init__(self, words: Sequence[str]) -> None:
        folded = {each for word in words for each in self.read_word(word)}
        ordered = sorted(folded, key=len, reverse=True)
        self._words = re.compile("|".join(map(_spell, ordered))) if ordered else None

    @staticmethod
    def read_word(word: str) -> set[str]:
        """As it is looked for; empty for one of which nothing can be seen, "\x84\xa0": it
        would be found between any two characters."""
        folded = {fold(plain.text) for plain in read_plain(word)}
        return {each for each in folded if each.strip()}

    def __call__(self, text: str) -> Iterator[Span]:
        for data in find_personal_data(text):
            yield data.shape.name.lower(), data.start, data.end
        for plain in read_plain(text):
            for kind, start, end in self._find(fold(plain.text)):
                yield kind, plain.starts[start], plain.ends[end - 1]

    def _find(self, folded: str) -> Iterator[Span]:
        if _ANY.search(folded):
            harmless = [match.span() for match in _HARMLESS.finditer(folded)]
            for kind, regex in _REVEALING.items():
                for match in regex.finditer(folded):
                    if not _overlaps(match, harmless):
                        yield kind, *match.span()
        for match in self._words.finditer(folded) if self._words else ():
            yield "words", *match.span()


def _overlaps(match: Any, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < match.end() and match.start() < end for start, end in spans)


def _spell(word: str) -> str:
    """Over a line's end too; what is written without blanks stands anywhere."""
    spelled = r"\s+".join(map(re.escape, word.split()))
    return spelled if GLUED.search(word) else rf"(?<!\w){spelled}(?!\w)"
