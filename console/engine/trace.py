"""Why a text stands where it stands: made after a ranking, for those who ask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from console.engine.fusion import NAMES, Parts
from console.engine.recall import Ranking, Side
from console.engine.tokens import term_of


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score: its value, and the log-odds that it adds."""

    value: float
    adds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """One text of a ranking.

    place      1 for the best of its kind; copies count
    query      which of the queries its score comes from
    bias       log-odds before anything speaks for it; log_odds: with all parts
    has_vector False: scored by its words alone
    stems      those of the query that it holds
    summary, neighbour  ids of what lends the parts of that name
    """

    id: str
    place: int
    score: float
    query: int
    bias: float
    log_odds: float
    has_vector: bool
    parts: dict[str, Part]
    stems: tuple[str, ...]
    summary: str | None
    neighbour: str | None


def explain(ranking: Ranking, ids: Iterable[str]) -> list[Explanation]:
    """One for each of the ids that was ranked, in their order."""
    # A conversation has up to ten queries, and their parts are those of all texts.
    parts_of = cache(lambda number: ranking.parts(ranking.queries[number]))
    sides = (ranking.told, ranking.summed_up)
    found = []
    for id_ in ids:
        for kind, side in enumerate(sides):
            if id_ in side.texts.ids:
                row = side.texts.ids.index(id_)
                number = int(ranking.by[kind][row])
                found.append(_explain(ranking, kind, row, parts_of(number)))
    return found


def _explain(
    ranking: Ranking, kind: int, row: int, parts: tuple[Parts, Parts]
) -> Explanation:
    side = (ranking.told, ranking.summed_up)[kind]
    scores, number = ranking.scores[kind], int(ranking.by[kind][row])
    bias, *added = side.fusion.contributions(parts[kind])[row].tolist()
    values = [float(getattr(parts[kind], name)[row]) for name in NAMES]
    order = side.texts.newest_first(scores).tolist()
    is_observation = kind == 0
    return Explanation(
        id=side.texts.ids[row],
        place=order.index(row) + 1,
        score=float(scores[row]),
        query=number,
        bias=bias,
        log_odds=bias + sum(added),
        has_vector=bool(side.texts.vectors.known[row]),
        parts=dict(zip(NAMES, map(Part, values, added), strict=True)),
        stems=_held(side, row, ranking.queries[number].stems),
        summary=_lending_summary(ranking, row, parts) if is_observation else None,
        neighbour=_lending_neighbour(ranking, row, parts) if is_observation else None,
    )


def _held(side: Side, row: int, stems: Sequence[str]) -> tuple[str, ...]:
    held = np.frombuffer(side.texts.packed_terms[row], "<u4")
    return tuple(stem for stem in dict.fromkeys(stems) if term_of(stem) in held)


def _lending_summary(
    ranking: Ranking, row: int, parts: tuple[Parts, Parts]
) -> str | None:
    side = ranking.summed_up
    lender = ranking.about.lender(row, side.fusion.own(parts[1]))
    return None if lender is None else side.texts.ids[lender]


def _lending_neighbour(
    ranking: Ranking, row: int, parts: tuple[Parts, Parts]
) -> str | None:
    side = ranking.told
    lender = ranking.beside.lender(row, side.fusion.own(parts[0]))
    return None if lender is None else side.texts.ids[lender]


def unknown_stems(side: Side, stems: Sequence[str]) -> list[str]:
    """The stems of a query that no text of this kind holds."""
    return [
        stem
        for stem in dict.fromkeys(stems)
        if not side.bm25.counts(term_of(stem)).any()
    ]
