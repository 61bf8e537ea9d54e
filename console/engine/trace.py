"""Why a text stands where it stands: made after a ranking, for those who ask."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from console.engine.ranking import NAMES, Ranking, Side
from console.engine.texts import TERM
from console.engine.words import hash_stem

# Of the pairs that a ranking holds.
OBSERVATIONS, SUMMARIES = 0, 1


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score: its value, and the log-odds that it adds."""

    value: float
    adds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """One text of a ranking.

    place      1 for the best of its kind; copies count
    word_place, meaning_place  the same by words alone, and by meaning alone; 0: it holds
               no word of the query, or no vector is there
    query      which of the queries its score comes from
    bias       log-odds before anything speaks for it; log_odds: with all parts
    has_vector False: scored by its words alone
    stems      those of the query that it holds
    summary, neighbour  ids of what lends the parts of that name
    superseded_by       id of the newer text that says so; "" for none
    """

    id: str
    place: int
    word_place: int
    meaning_place: int
    score: float
    query: int
    bias: float
    log_odds: float
    has_vector: bool
    parts: dict[str, Part]
    stems: tuple[str, ...]
    summary: str | None
    neighbour: str | None
    superseded_by: str


def explain(ranking: Ranking, ids: Iterable[str]) -> list[Explanation]:
    """One for each of the ids that was ranked, in their order."""
    kinds = [_Kind(ranking, number) for number in (OBSERVATIONS, SUMMARIES)]
    # A conversation has up to ten queries, and what one says is of all texts.
    said_by = cache(lambda number: _Said(ranking, number))
    return [
        _explain(ranking, kind, kind.rows[id_], said_by)
        for id_ in ids
        for kind in kinds
        if id_ in kind.rows
    ]


class _Kind:
    """The texts of one kind, with the row of each id and the place of each row."""

    def __init__(self, ranking: Ranking, number: int) -> None:
        self.number = number
        self.side = (ranking.observations, ranking.summaries)[number]
        self.scores = ranking.scores[number]
        self.winning_query = ranking.winning_query[number]
        self.rows = {id_: row for row, id_ in enumerate(self.side.texts.ids)}
        order = self.side.texts.newest_first(self.scores).tolist()
        self.places = {row: place for place, row in enumerate(order, start=1)}


class _Said:
    """What one query says of all texts: of observations, and of summaries."""

    def __init__(self, ranking: Ranking, number: int) -> None:
        self.stems = ranking.queries[number].stems
        query = ranking.queries[number]
        self.parts = ranking.parts(query)
        pairs = list(zip(ranking.fusions(query), self.parts, strict=True))
        self.added = [fusion.contributions(parts) for fusion, parts in pairs]
        self.own = [fusion.own(parts) for fusion, parts in pairs]


def _explain(
    ranking: Ranking, kind: _Kind, row: int, said_by: Callable[[int], _Said]
) -> Explanation:
    number, texts = int(kind.winning_query[row]), kind.side.texts
    held = np.frombuffer(texts.terms.pack(row), TERM)
    said = said_by(number)
    parts = said.parts[kind.number]
    bias, *added = said.added[kind.number][row].tolist()
    values = [float(getattr(parts, name)[row]) for name in NAMES]
    summary = neighbour = None
    if kind.number == OBSERVATIONS:
        lender = ranking.profile.conversation_summaries.lender(row, said.own[SUMMARIES])
        summary = None if lender is None else ranking.summaries.texts.ids[lender]
        lender = ranking.profile.neighbours.lender(row, said.own[OBSERVATIONS])
        neighbour = None if lender is None else texts.ids[lender]
    return Explanation(
        id=texts.ids[row],
        place=kind.places[row],
        word_place=_rank(parts.words, row) if parts.words[row] else 0,
        meaning_place=_rank(parts.meaning, row) if texts.vectors.known[row] else 0,
        score=float(kind.scores[row]),
        query=number,
        bias=bias,
        log_odds=bias + sum(added),
        has_vector=bool(texts.vectors.known[row]),
        parts=dict(zip(NAMES, map(Part, values, added), strict=True)),
        stems=tuple(s for s in dict.fromkeys(said.stems) if hash_stem(s) in held),
        summary=summary,
        neighbour=neighbour,
        superseded_by=ranking.superseded.get(texts.ids[row], ""),
    )


def _rank(values: NDArray[np.float64], row: int) -> int:
    return int((values > values[row]).sum()) + 1


def unknown_stems(side: Side, stems: Sequence[str]) -> list[str]:
    """The stems of a query that no text of this kind holds."""
    return [
        stem
        for stem in dict.fromkeys(stems)
        if not side.bm25.counts(hash_stem(stem)).any()
    ]
