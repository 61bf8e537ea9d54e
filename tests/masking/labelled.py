"""Texts in ten languages in which people have marked what is personal.

tuned.txt is what the detector was made with, held_out.txt is only measured. A line is a
text; `{phone|+1 555 867 5310}` marks a piece of it, `# de` begins a language.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from console.masking.detect import find_personal_data

FOLDER = Path(__file__).parent / "texts"
HALVES = ("tuned", "held_out")
KINDS = ("phone", "mail", "card", "bank", "id", "pin")
_MARK = re.compile(r"\{(\w+)\|(.*?)\}")
# A piece is found when every letter and digit of it is, and at most so many others.
OTHERS_MAX = 2


@dataclass(frozen=True)
class LabelledText:
    language: str
    text: str
    marks: tuple[tuple[str, int, int], ...]


@dataclass
class Counts:
    """right: found as what it is; wrong: found and not marked so; missed."""

    right: Counter = field(default_factory=Counter)
    wrong: Counter = field(default_factory=Counter)
    missed: Counter = field(default_factory=Counter)

    def precision(self, *keys: str) -> float:
        return _share(self.right, self.wrong, keys)

    def recall(self, *keys: str) -> float:
        return _share(self.right, self.missed, keys)


def _share(right: Counter, other: Counter, keys: tuple[str, ...]) -> float:
    """Of all that have one of the keys; of all without keys."""

    def count(counter: Counter) -> int:
        return sum(n for key, n in counter.items() if not keys or set(keys) & set(key))

    whole = count(right) + count(other)
    return count(right) / whole if whole else 1.0


def read_texts(half: str) -> list[LabelledText]:
    language, texts = "", []
    for line in (FOLDER / f"{half}.txt").read_text("utf-8").splitlines():
        if line.startswith("# "):
            language = line[2:]
        else:
            texts.append(_parse(language, line))
    return texts


def _parse(language: str, line: str) -> LabelledText:
    text, marks, end = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[end : mark.start()]
        marks.append((mark[1], len(text), len(text) + len(mark[2])))
        text += mark[2]
        end = mark.end()
    return LabelledText(language, text + line[end:], tuple(marks))


def count(texts: Iterable[LabelledText]) -> Counts:
    """By language and kind."""
    counts = Counts()
    for text in texts:
        right, wrong, missed = compare(text)
        for counter, marks in (
            (counts.right, right),
            (counts.wrong, wrong),
            (counts.missed, missed),
        ):
            counter.update((text.language, kind) for kind, _, _ in marks)
    return counts


def compare(text: LabelledText) -> tuple[list, list, list]:
    """What is right, wrong and missed, each as (kind, start, end)."""
    found = [
        (data.shape.name.lower(), data.start, data.end)
        for data in find_personal_data(text.text)
    ]
    right = [
        mark for mark in text.marks if any(_fits(text.text, mark, f) for f in found)
    ]
    wrong = [f for f in found if not any(_fits(text.text, mark, f) for mark in right)]
    return right, wrong, [mark for mark in text.marks if mark not in right]


def _fits(text: str, mark: tuple, found: tuple) -> bool:
    (kind, start, end), (shape, begin, until) = mark, found
    marked = {at for at in range(start, end) if text[at].isalnum()}
    covered = {at for at in range(begin, until) if text[at].isalnum()}
    return kind == shape and marked <= covered and len(covered - marked) <= OTHERS_MAX
