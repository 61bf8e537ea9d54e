"""What of a memory matters for a query: the order of texts, best first, and how likely
each is what was asked for.

The order is that of a sum: each part that speaks for a text, times its weight. The chance
is a logistic model of its own: of how far a text's sum is behind the best, and of what
the best of the run says of all of them. "Where does he live?" puts the same text first
in a profile that knows it and in one that does not; only the chance tells them apart.

All parts are on absolute scales, so a score means the same for every query: of the texts
shown with 0.6, six in ten are wanted (as on the data that the weights were fitted on).
Fusing absolute scores orders better than fusing ranks (docs/recall.md, "Order and
chance").

The numbers are those of coefficients.json, made by tests/benchmarks/fit.py from the dev
half of LoCoMo alone (5 conversations, 631 questions), November 2026.
"""

from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import chain, pairwise
from json import loads
from math import log1p, sqrt
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from console.core.caching import DigestCache
from console.engine.dates import EPOCH, NO_DATES, Dates, read_dates, share_of_dates
from console.engine.texts import (
    NO_TEXTS,
    Centred,
    Floats,
    Ragged,
    Texts,
    link_neighbours,
    link_summaries,
)
from console.engine.words import CODE, Claim, ask, codes, hash_stem

# What a text's own content says: what it lends to others.
OWN = ("meaning", "words", "bulk", "phrase", "code")
SURE = (*OWN, "date")


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """Of one model of vectors, or of texts without one.

    source    the data and the measure they were fitted on
    order     the weight of each part in the sum; `bias` of a text without a vector, so
              that it can be compared with those that have one
    evidence  log-odds that a text is wanted, by its own content and date: how surely
              it speaks
    chance    log-odds by how far the sum is from the best (`distance`), how few texts
              there are (`few`), and by the run: the most that any of them has of
              `evidence`, by how many deviations the best cosine stands out
              (`stands_out`), by how much the best sum leads the next (`lead`)
    alone     the same where no text holds any word of the query, as across languages:
              sums of meaning alone lie closer together
    centres   mean vectors of texts and of questions; none: not to be centred
    """

    source: str
    order: Mapping[str, float]
    evidence: Mapping[str, float]
    chance: Mapping[str, float]
    alone: Mapping[str, float]
    centres: tuple[Floats, Floats] | None = None

    @classmethod
    def of(cls, read: Mapping[str, Any]) -> "Coefficients":
        """As coefficients.json has them."""
        centres = [
            np.frombuffer(b64decode(centre), "<f2").astype("<f4")
            for centre in read["centres"]
        ]
        return cls(
            read["source"],
            read["order"],
            read["evidence"],
            read["chance"],
            read["alone"],
            (centres[0], centres[1]) if centres else None,
        )

    def log_odds_of(self, part: str) -> float:
        """What a part adds to the chance when it is 1."""
        if part == "few":
            return self.chance["few"]
        return round(self.chance["distance"] * self.order.get(part, 0.0), 3)


MODELS = {
    model: Coefficients.of(read)
    for model, read in loads(
        Path(__file__).with_name("coefficients.json").read_text("utf-8")
    ).items()
}
# For a text whose vector is not there (yet), and for an installation without a model.
WORDS = MODELS[""]
# A model of which we know nothing: as measured for MiniLM-L6, a common encoder, the
# parts that no model changes as with ours. Its order is good, its scores are as right as
# its cosines are like that model's.
OTHER = MODELS["other"]


def get_coefficients(model: str) -> Coefficients:
    """By the id of an embedder; "" for none."""
    return MODELS.get(model, OTHER)


# Where a text's own log-odds lend half of its weight to what it belongs with.
HALF = -3.0
# BM25 at which a match is half of what counts as a strong one, and how steep that is.
BULK_AT, BULK_SLOPE = 7.0, 0.6
# Texts in a profile of the data that we fitted on: among fewer, each is likelier to be
# the wanted one, and its words are less rare. FEWEST: of the smallest ones in it.
USUAL, FEWEST = 240, 10


@dataclass(slots=True)
class Parts:
    """What speaks for each text, a number a text.

    meaning    cosine of query and text, -1 to 1; 0 where a vector is missing
    words      square root of the share of the query's words that it meets, 0 to 1
    bulk       0 to 1: whether that is much, and not all of a query of one word
    phrase     share of the query's pairs of words in a row that it meets
    date       share of the query's dates on which it happened
    code       0 to 1: whether it holds a rare number or code of the query; of all texts
               -1 where none does: then hardly any of them is the one that is wanted
    summary    strength of the best summary of its conversation
    neighbour  strength of the better of the observations before and after it
    few        logarithm of USUAL over how many texts there are to choose from
    """

    meaning: NDArray[np.float64]
    words: NDArray[np.float64]
    bulk: NDArray[np.float64]
    phrase: NDArray[np.float64]
    date: NDArray[np.float64]
    code: NDArray[np.float64]
    summary: NDArray[np.float64]
    neighbour: NDArray[np.float64]
    few: NDArray[np.float64]

    def table(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Ones and these parts, a row a text."""
        columns = [getattr(self, name) for name in names]
        return np.array([np.ones(len(self.few)), *columns]).T


NAMES = tuple(field.name for field in fields(Parts))
# Of a run, and of a text of it.
CHANCE = ("distance", "few", "evidence", "stands_out", "lead")


def bulk_of(bm25: NDArray[np.float64]) -> NDArray[np.float64]:
    return sigmoid(BULK_SLOPE * (bm25 - BULK_AT))


def few_of(texts: int) -> NDArray[np.float64]:
    return np.full(texts, np.log(USUAL / max(texts, FEWEST)))


class Fusion:
    """The coefficients of each text: of those with a vector, and of those without."""

    def __init__(
        self, known: Coefficients, unknown: Coefficients, has_vector: NDArray[np.bool_]
    ) -> None:
        self._order = _weigh(known, unknown, "order", NAMES)
        self._evidence = _weigh(known, unknown, "evidence", SURE)
        self._model = known if has_vector.any() else unknown
        self._has_vector, self._has_all = has_vector, bool(has_vector.all())

    def _sum(
        self, weights: NDArray[np.float64], table: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        found: NDArray[np.float64]
        found = table @ weights[0]
        if not self._has_all:
            found = np.where(self._has_vector, found, table @ weights[1])
        return found

    def own(self, parts: Parts) -> NDArray[np.float64]:
        """How strongly a text's own content speaks, 0 to 1: what it lends to others."""
        weights = self._evidence[:, : len(OWN) + 1]
        return sigmoid(self._sum(weights, parts.table(OWN)) - HALF)

    def standing(self, parts: Parts) -> NDArray[np.float64]:
        """What the chance depends on, a row a text, as in CHANCE."""
        sums = self._sum(self._order, parts.table(NAMES))
        if not len(sums):
            return np.zeros((0, len(CHANCE)))
        last = len(sums) - 1
        second, best = np.partition(sums, [max(0, last - 1), last])[-2:][[0, -1]]
        surest = self._sum(self._evidence, parts.table(SURE)).max()
        found = np.empty((len(sums), len(CHANCE)))
        found[:, 0], found[:, 1] = sums - best, parts.few
        lead = min(best - second, LEAD_MOST)
        found[:, 2:] = surest, _stands_out(parts.meaning[self._has_vector]), lead
        return found

    def contributions(self, parts: Parts) -> NDArray[np.float64]:
        """Log-odds, a row a text: what the run gives to all, then what each part adds."""
        chance = self._chance_by(parts)
        with_vector, without = self._order
        weights = np.where(self._has_vector[:, None], with_vector, without)
        found: NDArray[np.float64]
        found = chance["distance"] * weights * parts.table(NAMES)
        few = NAMES.index("few") + 1
        found[:, few] = chance["few"] * parts.few
        found[:, 0] = self.log_odds(parts) - found[:, 1:].sum(axis=1)
        return found

    def log_odds(self, parts: Parts) -> NDArray[np.float64]:
        chance = self._chance_by(parts)
        weights = np.array([chance[name] for name in CHANCE])
        found: NDArray[np.float64] = self.standing(parts) @ weights + chance["bias"]
        return found

    def _chance_by(self, parts: Parts) -> Mapping[str, float]:
        return self._model.chance if parts.words.any() else self._model.alone

    def scores(self, parts: Parts) -> NDArray[np.float64]:
        """The chance that each text is wanted, 0 to 1, to four places."""
        if not len(parts.few):
            return parts.few
        return np.round(sigmoid(self.log_odds(parts)), 4)


@lru_cache(64)
def _weigh(
    known: Coefficients, unknown: Coefficients, group: str, names: Sequence[str]
) -> NDArray[np.float64]:
    """Of a text with a vector, and of one without."""
    both = (getattr(each, group) for each in (known, unknown))
    rows = [[each.get(name, 0.0) for name in ("bias", *names)] for each in both]
    return np.array(rows, np.float64)


def _stands_out(cosines: NDArray[np.float64]) -> float:
    """By how many standard deviations the best is above the mean."""
    if not len(cosines):
        return 0.0
    apart = cosines - cosines.sum() / len(cosines)
    spread = sqrt(apart @ apart / len(apart))
    return float(apart.max()) / spread if spread else 0.0


# A lead beyond it says no more.
LEAD_MOST = 4.0


def sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds))
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """How well a query's words meet each text.

    share   0 to 1: BM25 divided by the most that this query could reach
    bm25    from 0, undivided: how much was met at all
    phrase  0 to 1: the share of its pairs of words in a row, by their rarity
    """

    share: NDArray[np.float64]
    bm25: NDArray[np.float64]
    phrase: NDArray[np.float64]


class Bm25:
    """Statistics of one profile's texts, given as their terms; on an absolute scale.

    Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
    2009, with the idf that cannot be negative (Lucene's log(1 + ...)).
    """

    def __init__(self, terms: Ragged) -> None:
        self._terms = terms
        lengths = np.bincount(terms.rows, minlength=terms.size)
        length = lengths / (lengths.mean() or 1.0) if terms.size else lengths
        self._saturation = K1 * (1 - B + B * length)

    def counts(self, term: int) -> NDArray[np.intp]:
        """How often each text has a term."""
        rows = self._terms.rows[self._terms.values == term]
        return np.bincount(rows, minlength=self._terms.size)

    def idf(self, holders: int) -> float:
        """Rarity of what so many texts hold: log(1 + (N - n + 0.5) / (n + 0.5)) > 0."""
        return log1p((self._terms.size - holders + 0.5) / (holders + 0.5))

    def scores(
        self,
        query: Sequence[int],
        free: frozenset[int] = frozenset(),
        dated: NDArray[np.bool_] | None = None,
    ) -> Words:
        """For each text, what of these terms it holds.

        Terms that no text holds count in the divisor, by UNKNOWN of their rarity: a query
        of which half is unknown does not reach the share of one that is met whole. Those
        of `free` do not: the words of a date are no words that are missing. Where the
        query is a day and nothing else, the texts of `dated` meet it.
        """
        size, values, rows = self._terms.size, self._terms.values, self._terms.rows
        terms, is_met = dict.fromkeys(query), np.zeros(len(values), bool)
        # Not isin, which sorts all of them.
        for term in terms:
            is_met |= values == term
        places = is_met.nonzero()[0]
        values, rows = values[places], rows[places]
        bm25, ceiling = np.zeros(size), 0.0
        for term in terms:
            held = rows[values == term]
            if len(held):
                counts = np.bincount(held, minlength=size)
                weight = self.idf(int(np.count_nonzero(counts))) * (K1 + 1)
                ceiling += weight
                bm25 += weight * counts / (counts + self._saturation)
            elif term not in free:
                ceiling += UNKNOWN * self.idf(0) * (K1 + 1)
        if dated is not None and free.issuperset(terms) and dated.any():
            holders = int(np.count_nonzero(dated))
            weight = self.idf(holders) * (K1 + 1)
            ceiling += weight
            bm25 += weight * dated
        beside = ((np.diff(places) == 1) & (np.diff(rows) == 0)).nonzero()[0]
        met = zip(values[beside].tolist(), values[beside + 1].tolist(), strict=True)
        return Words(
            bm25 / (ceiling or 1.0), bm25, self._phrases(query, met, rows[beside])
        )

    def _phrases(
        self,
        query: Sequence[int],
        met: Iterable[tuple[int, int]],
        rows: NDArray[np.int32],
    ) -> NDArray[np.float64]:
        """met: pairs of the query's words in a row, and `rows`: the text of each."""
        found, ceiling = np.zeros(self._terms.size), 0.0
        holders: dict[tuple[int, int], set[int]] = {}
        for pair, row in zip(met, rows.tolist(), strict=True):
            holders.setdefault(pair, set()).add(row)
        for pair in dict.fromkeys(pairwise(query)):
            held = holders.get(pair, ())
            idf = self.idf(len(held))
            ceiling += idf
            if held:
                found[list(held)] += idf
        return found / (ceiling or 1.0)

    def find_codes(self, shares: Mapping[int, float]) -> NDArray[np.float64]:
        """Whether each text holds a code, by its rarity: 1 for what is in one text alone.

        shares  how much of the whole code each of its spellings is
        """
        found = np.zeros(self._terms.size)
        for term, share in shares.items():
            held = self.counts(term) > 0
            rarity = self.idf(int(held.sum())) / self.idf(1) if held.any() else 0.0
            np.maximum(found, held * min(1.0, rarity) * share, out=found)
        return found - 1 if shares and not found.any() else found


# BM25: how fast a term that is said again stops counting, and how much length matters.
K1, B = 1.2, 0.75
# What a word costs that no text holds, of what its rarity says.
UNKNOWN = 0.5
# Two texts of this cosine may be one fact that has changed, among the first so many; and
# how much surer the older one may be, as a share of its score, to come second all the
# same. RELATED: if their words say that it has changed.
NEARLY, NEWER_AMONG, HARDLY = 0.75, 20, 0.25
RELATED = 0.5
# A turn of a conversation counts so much of the next one's weight
# (docs/recall.md, "From a conversation").
FADE = 0.85
# Of a profile: of those that one conversation's next message leaves and brings.
TURNS_KEPT = 16


# A third of a millisecond each; of a conversation's last turns nine were read before.
_READ = DigestCache[tuple[Dates, dict[int, float]]](1000)


def _read(text: str, asked_at: str, region: str) -> tuple[Dates, dict[int, float]]:
    # The longer a spelling that is met, the surer: all digits, then the last seven.
    shares = {
        hash_stem(CODE + each): (len(each) / max(map(len, spelled))) ** 0.5
        for spelled in codes(text)
        for each in spelled
    }
    return read_dates(text, datetime.fromisoformat(asked_at), region), shares


@dataclass(frozen=True)
class Query:
    """One question, or one turn of a conversation.

    text    never shown: its stems are made when they are needed
    codes   its codes as terms, and how much of each that is (Bm25.find_codes)
    vector  of length 1; None, made of zeros: by words alone
    weight  0 to 1, what its scores are multiplied by
    id      of the turn that it is, if any
    key     of its text, and of what this is read by
    """

    text: str = field(repr=False)
    dates: Dates = NO_DATES
    codes: Mapping[int, float] = field(default_factory=dict)
    vector: Floats | None = None
    weight: float = 1.0
    id: str = ""
    key: int = 0

    @classmethod
    def of(
        cls,
        text: str,
        vector: Floats | None = None,
        *,
        now: datetime = EPOCH,
        region: str = "",
        age: int = 0,
        id_: str = "",
    ) -> "Query":
        """`now`, `region`: as dates are read; `age`: how many turns ago it was said."""
        # Not by the moment, which is equal in two zones where their days are not.
        asked = text, now.isoformat(), region
        dates, shares = _READ.get(asked, lambda: _read(*asked))
        if vector is not None and not vector.any():
            vector = None
        return cls(text, dates, shares, vector, FADE**age, id_, hash(asked))

    @cached_property
    def stems(self) -> Sequence[str]:
        # Not of a turn whose scores are kept: nine of a conversation's last ten.
        return tuple(ask(self.text))

    @property
    def terms(self) -> list[int]:
        return [hash_stem(stem) for stem in self.stems]


Scores = list[NDArray[np.float64]]


class Ranked(NamedTuple):
    """A text's id, the chance that it is wanted, 0 to 1, and the ids of its copies."""

    id: str
    score: float
    copies: tuple[str, ...] = ()


class Side:
    """Texts of one kind, prepared for any number of queries."""

    def __init__(
        self, texts: Texts, coefficients: Coefficients, without_vector: Coefficients
    ) -> None:
        self.texts, self.bm25 = texts, Bm25(texts.terms)
        self._vectors = Centred(texts.vectors, coefficients.centres)
        known = texts.vectors.known
        self._fusion = Fusion(coefficients, without_vector, known)
        self._blind = Fusion(coefficients, without_vector, known & False)

    def fusion(self, *, by_meaning: bool) -> Fusion:
        return self._fusion if by_meaning else self._blind

    def parts(self, query: Query) -> Parts:
        """What each text's own content and time say; nothing of what it belongs to."""
        nothing = np.zeros(len(self.texts))
        if not nothing.size:
            return Parts(*(nothing for _ in NAMES))
        free = frozenset(map(hash_stem, query.dates.words))
        date = share_of_dates(query.dates, self.texts.occurred_at)
        words = self.bm25.scores(query.terms, free, date >= 1)
        return Parts(
            meaning=nothing
            if query.vector is None
            else self._vectors.cosines(query.vector),
            words=np.sqrt(words.share),
            bulk=bulk_of(words.bm25),
            phrase=words.phrase,
            date=date,
            code=self.bm25.find_codes(query.codes),
            summary=nothing,
            neighbour=nothing,
            few=few_of(len(self.texts)),
        )


@lru_cache(16)
def _build_empty(coefficients: Coefficients, without_vector: Coefficients) -> Side:
    return Side(NO_TEXTS, coefficients, without_vector)


class PreparedProfile:
    """The texts of one profile with what follows from them whatever is asked. Never
    changed once it is made, so that threads can share it; scores of turns are kept, for
    of a conversation's last ones nine were ranked by before.

    observations, summaries  each kind on its own side: a stem that is rare among facts
                             is common among summaries
    """

    def __init__(
        self,
        observations: Texts,
        summaries: Texts,
        coefficients: Coefficients,
        without_vector: Coefficients = WORDS,
    ) -> None:
        self.observations, self.summaries = (
            Side(texts, coefficients, without_vector)
            if len(texts)
            else _build_empty(coefficients, without_vector)
            for texts in (observations, summaries)
        )
        self._scored: OrderedDict[Hashable, Scores] = OrderedDict()
        self._lock = Lock()
        kept = 8 * TURNS_KEPT * (len(observations) + len(summaries))
        self.nbytes = observations.nbytes + summaries.nbytes + kept
        self.neighbours = link_neighbours(observations)
        self.conversation_summaries = link_summaries(observations, summaries)

    def keep_scores(self, turn: Hashable, score: Callable[[], Scores]) -> Scores:
        """What was computed for the turn before, or what `score` computes."""
        with self._lock:
            if turn in self._scored:
                self._scored.move_to_end(turn)
                return self._scored[turn]
        found = score()
        with self._lock:
            self._scored[turn] = found
            while len(self._scored) > TURNS_KEPT:
                self._scored.popitem(last=False)
        return found


class Ranking:
    """The texts of one profile against queries.

    scores, winning_query  a pair of columns, observations before summaries: each text's
                           best score over the queries, and which query gave it
    superseded  of the first observations those that no longer hold, by their ids: the
                id of the newer one that says so
    """

    def __init__(self, queries: Sequence[Query], profile: PreparedProfile) -> None:
        self.queries, self.profile = queries, profile
        self.observations, self.summaries = profile.observations, profile.summaries
        scored = [self._scores(query) for query in queries]
        self.scores, self.winning_query = zip(
            *(_take_best_queries(column) for column in zip(*scored, strict=True)),
            strict=True,
        )
        self.superseded = dict[str, str]()
        self.scores = (self._prefer_newer(), self.scores[1])

    def fusions(self, query: Query) -> tuple[Fusion, Fusion]:
        """Of the observations, and of the summaries; so are `parts`."""
        seen = query.vector is not None
        one, other = self.observations, self.summaries
        return one.fusion(by_meaning=seen), other.fusion(by_meaning=seen)

    def parts(self, query: Query) -> tuple[Parts, Parts]:
        observations = self.observations.parts(query)
        summaries = self.summaries.parts(query)
        mine, theirs = self.fusions(query)
        if len((links := self.profile.neighbours).of):
            observations.neighbour = links.best(mine.own(observations))
        if len((links := self.profile.conversation_summaries).of):
            observations.summary = links.best(theirs.own(summaries))
        return observations, summaries

    def _scores(self, query: Query) -> Scores:
        if query.id:
            turn = query.id, query.key, query.vector is not None
            found = self.profile.keep_scores(turn, lambda: self._score(query))
        else:
            found = self._score(query)
        return [np.round(query.weight * scores, 4) for scores in found]

    def _score(self, query: Query) -> Scores:
        pairs = zip(self.fusions(query), self.parts(query), strict=True)
        return [fusion.scores(parts) for fusion, parts in pairs]

    def _prefer_newer(self) -> NDArray[np.float64]:
        """Observations' scores, a newer text's no lower than that of an older one which
        says nearly the same, or another value of the same, and is hardly surer.

        Asked where she lives, "Lives at 3 Oak Avenue." of this year comes before "Lives
        at 12 Elm Street." of the last, and not if the question says Elm.
        """
        texts = self.observations.texts
        scores: NDArray[np.float64] = self.scores[0].copy()
        first = texts.newest_first(scores, NEWER_AMONG)
        first = first[texts.vectors.known[first]]
        # From the oldest on: what supersedes a text is the newest that does.
        first = first[np.argsort(texts.occurred_at[first], kind="stable")]
        vectors, times = texts.vectors.vector(first), texts.occurred_at[first]
        cosines = vectors @ vectors.T
        pairs = (cosines >= RELATED) & (times > times[:, None])
        places = [found.tolist() for found in pairs.nonzero()]
        claims = {n: Claim.of(texts.terms.pack(first[n])) for n in set(chain(*places))}
        for place, other in zip(*places, strict=True):
            older, newer = first[place], first[other]
            if updated := claims[place].is_updated_by(claims[other]):
                self.superseded[texts.ids[older]] = texts.ids[newer]
            apart = scores[older] - scores[newer]
            is_close = updated or cosines[place, other] >= NEARLY
            if is_close and 0 < apart <= HARDLY * scores[older]:
                scores[newer] = scores[older]
        return scores

    def select_observations(self, limit: int, threshold: float = 0.0) -> list[Ranked]:
        """The best observations, copies of one shown once."""
        return _select(self.observations.texts, self.scores[0], limit, threshold)

    def select_summaries(self, limit: int, threshold: float = 0.0) -> list[Ranked]:
        """The best summaries, copies of one shown once."""
        return _select(self.summaries.texts, self.scores[1], limit, threshold)


def _take_best_queries(
    scored: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The best score of each row over the queries, and which query gave it.

    One by one: joined into one query, the turns of a conversation drown each other.
    """
    if len(scored) == 1:
        return scored[0], np.zeros(len(scored[0]), np.intp)
    table = np.stack(scored)
    return table.max(axis=0), table.argmax(axis=0)


def _select(
    texts: Texts, scores: NDArray[np.float64], limit: int, threshold: float
) -> list[Ranked]:
    order = texts.newest_first(scores, None if texts.has_copies else limit)
    order = order[scores[order] >= threshold]
    # By what they say: the row that is shown, and then its copies.
    alike: dict[int | bytes, list[int]] = {}
    said, ids = texts.terms.pack, texts.ids
    while len(order):
        if len(alike) < limit:
            rows, order = order[:limit], order[limit:]
        else:
            # Of all the others only copies of what is shown.
            shown = [key for key in alike if isinstance(key, int)]
            rows, order = order[np.isin(texts.firsts[order], shown)], order[:0]
        pairs = zip(rows.tolist(), texts.firsts[rows].tolist(), strict=True)
        for row, first in pairs:
            key: int | bytes = first
            if first in alike and said(row) != said(alike[first][0]):
                key = said(row)
            if key in alike:
                alike[key].append(row)
            elif len(alike) < limit:
                alike[key] = [row]
    return [
        Ranked(ids[row], float(scores[row]), tuple(map(ids.__getitem__, copies)))
        for row, *copies in alike.values()
    ]
