"""Where a base says nearly the same with other numbers: "30 days" here, "14 days" there.

Chunks with figures are compared with each other by their vectors; of the nearest pairs,
those are told in which two sentences share most of their words and give one unit
different numbers. Knowledge 9.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from console.contract.knowledge.base import CHUNKS_COMPARED
from console.engine.texts import Vectors
from console.engine.words import STOP_WORDS, stems
from console.service.knowledge.models import KnowledgeBase, KnowledgeChunk
from console.service.memory.embedding_jobs import get_model_id

# Cosine from which two chunks may be about one thing: a question with its answer beside
# the section of a policy about the same has .52. So many pairs are read.
RELATED, PAIRS_MAX, BLOCK = 0.45, 2000, 512
# How many stems two sentences share, and of the shorter one which part.
SHARED_LEAST, SHARED = 3, 0.5
_SENTENCE = re.compile(r"(?<=[.!?؟।])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_NUMBER = r"\d+(?:[.,]\d+)*"
_FIGURE = re.compile(
    rf"(?P<sign>[€$£¥])(?P<amount>{_NUMBER})"
    rf"|(?P<value>{_NUMBER})[\s-]?(?P<unit>[€$£¥%]|[^\W\d_]+)"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a unit, as `text` is written, and the stems of its sentence."""

    text: str
    unit: str
    value: float
    stems: frozenset[str]


@dataclass(frozen=True, slots=True)
class Disagreement:
    chunks: tuple[KnowledgeChunk, KnowledgeChunk]
    figures: tuple[str, str]
    similarity: float


def find_disagreements(
    base: KnowledgeBase, most: int
) -> tuple[list[Disagreement], bool]:
    """The nearest first, and whether each chunk with figures was compared."""
    chunks, model = KnowledgeChunk.objects.filter(base_id=base.id), get_model_id()
    found = (
        (chunk, figures)
        for source_id, run in base.sources.values_list("id", "run")
        for chunk in chunks.filter(source_id=source_id, run=run, model=model)
        if chunk.vector and (figures := list_figures(chunk.content, chunk.question))
    )
    told = list(islice(found, CHUNKS_COMPARED))
    disagreements = (
        Disagreement((told[one][0], told[other][0]), against, cosine)
        for one, other, cosine in _pair([bytes(chunk.vector) for chunk, _ in told])
        if (against := compare_figures(told[one][1], told[other][1]))
    )
    return list(islice(disagreements, most)), next(found, None) is None


def _pair(packed: Sequence[bytes]) -> Iterator[tuple[int, int, float]]:
    """Rows of those that are near each other, the nearest first."""
    vectors = Vectors.of(packed)
    every = vectors.vector(np.arange(len(packed)))
    near = list[tuple[float, int, int]]()
    for begin in range(0, len(packed), BLOCK):
        cosines = np.triu(every[begin : begin + BLOCK] @ every.T, begin + 1)
        ones, others = (cosines >= RELATED).nonzero()
        values = cosines[ones, others]
        first = np.argsort(-values, kind="stable")[:PAIRS_MAX]
        rows = values[first], ones[first] + begin, others[first]
        near += zip(*(column.tolist() for column in rows), strict=True)
    for cosine, one, other in sorted(near, reverse=True)[:PAIRS_MAX]:
        yield one, other, cosine


def list_figures(content: str, question: str = "") -> list[Figure]:
    """Those that have a unit. An answer speaks of what its question asks."""
    figures = list[Figure]()
    for sentence in _SENTENCE.split(content):
        found = [(each, _name_unit(each)) for each in _FIGURE.finditer(sentence)]
        if not any(unit for _, unit in found):
            continue
        said = frozenset(x for x in stems(f"{question} {sentence}") if x[0].isalpha())
        figures += [
            Figure(each[0], unit, _read(each["amount"] or each["value"]), said | {unit})
            for each, unit in found
            if unit
        ]
    return figures


def _name_unit(found: re.Match[str]) -> str:
    word = found["sign"] or found["unit"]
    return "" if word.lower() in STOP_WORDS else next(iter(stems(word)), word)


def _read(value: str) -> float:
    """ "1,000" and "1.000" are a thousand; "4.90" and "4,9" are the same."""
    whole = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", value)
    return float(re.sub(r"[.,](?=.*[.,])", "", whole).replace(",", "."))


def compare_figures(
    ones: Sequence[Figure], others: Sequence[Figure]
) -> tuple[str, str] | None:
    """What contradicts each other, as it is written: of one unit, in like sentences, and
    neither number stands on the other side as well."""
    sides = [{(each.unit, each.value) for each in side} for side in (ones, others)]
    for one, other in product(ones, others):
        shared = len(one.stems & other.stems)
        if (
            one.unit == other.unit
            and (one.unit, one.value) not in sides[1]
            and (other.unit, other.value) not in sides[0]
            and shared >= SHARED_LEAST
            and shared >= SHARED * min(len(one.stems), len(other.stems))
        ):
            return one.text, other.text
    return None
