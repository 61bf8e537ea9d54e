"""`python -m tests.benchmarks.fit`: coefficients.json of the engine, from the dev data.

Three fits, over every answerable question of categories 1 to 4:

evidence  logistic regression of "is among the evidence" on what a text says by itself
order     listwise: the softmax of each wanted text against all that are not, over the
          whole conversation. The weight of a date is capped: beyond it "Who is April?"
          finds whatever happened in April
chance    logistic regression of "is among the evidence" on where a text stands. Asked
          are the questions themselves, two rare words of each, sentences of our own in
          other languages, and questions of other conversations, which nothing answers

A question is asked of its whole conversation and of three random smaller memories that
still hold the evidence, so that a score means the same in a small profile. What a text
lends its neighbours depends on the evidence alone, so nothing goes in rounds.

Prints how well each does on conversations that it has not seen. What no dev question
has, a code, has its weight by hand.

`--marks FILE` adds what people marked in the lab, as its export has it: each run with
something wanted and something not is one more question of the order.
"""

import argparse
import json
import random
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, product
from pathlib import Path
from statistics import fmean

import numpy as np

from console.engine import ranking
from console.engine.dates import EPOCH
from console.engine.ranking import (
    CHANCE,
    NAMES,
    SURE,
    Coefficients,
    Fusion,
    Parts,
    PreparedProfile,
    Query,
    Ranking,
    sigmoid,
)
from console.engine.texts import Centred
from tests.benchmarks.quality import (
    Conversation,
    Item,
    answerable,
    conversations,
    measure_order,
)
from tests.benchmarks.ranking import Memories, calibration_error, texts_of
from tests.engine.multilingual import FACTS, LANGUAGES

SIZES = (10, 25, 60, 120)
SMALLER = 3
RIDGE = 1.0
DATE_MOST = 4.5
CODE = 6.0
FILE = Path(ranking.__file__).with_name("coefficients.json")
SOURCE = "LoCoMo dev, categories 1 to 4"
# How many of the foreign questions are cut short, and how many of our own sentences
# stand on either side of the wanted one.
SHORT, NEAR = 0.3, 6
# Of our own sentences the first ones are left for those who measure.
KEPT_APART = 16


@dataclass
class Sample:
    """One question of one memory; `wanted` per observation.

    size   of the memory; 0 for the whole
    kind   asked, short, foreign or translated
    """

    conversation: int
    size: int
    kind: str
    ranking: Ranking
    wanted: np.ndarray
    covers: Sequence[frozenset[str]] = ()

    @cached_property
    def own(self) -> tuple[Parts, Parts]:
        query, rank = self.ranking.queries[0], self.ranking
        return rank.observations.parts(query), rank.summaries.parts(query)

    def parts(self, found: Coefficients) -> Parts:
        """Of the observations, by the evidence and the centres of these."""
        rank, (told, summed_up) = self.ranking, self.own
        vector = rank.queries[0].vector
        if vector is not None:
            told, summed_up = (
                replace(
                    own,
                    meaning=Centred(side.texts.vectors, found.centres).cosines(vector),
                )
                for own, side in zip(
                    self.own, (rank.observations, rank.summaries), strict=True
                )
            )
        return replace(
            told,
            neighbour=rank.profile.neighbours.best(_fuse(found, told).own(told)),
            summary=rank.profile.conversation_summaries.best(
                _fuse(found, summed_up).own(summed_up)
            ),
        )

    @property
    def weight(self) -> float:
        return 1.0 / SMALLER if self.size else 1.0


def _fuse(found: Coefficients, parts: Parts) -> Fusion:
    return Fusion(found, found, np.ones(len(parts.few), bool))


class Asking:
    """Makes samples, with vectors or without."""

    def __init__(self, memories: Memories, *, meaning: bool) -> None:
        self._memories, self._meaning = memories, meaning
        self._dice = random.Random(20261121)
        self._every = conversations()

    def samples(self) -> Iterator[Sample]:
        for number in range(len(self._every)):
            yield from self._own(number)
            yield from self._foreign(number)
        yield from self._translated()

    def _own(self, number: int) -> Iterator[Sample]:
        conversation = self._every[number]
        for question in _questions(conversation):
            evidence = question.evidence
            for size in (0, *self._dice.sample(SIZES, SMALLER)):
                part = _part(conversation, evidence, size, self._dice)
                yield self._ask(number, size, "asked", question.query, part, evidence)
            short = shorten(question.query, conversation)
            for size in (0, self._dice.choice(SIZES)):
                part = _part(conversation, evidence, size, self._dice)
                yield self._ask(number, size, "short", short, part, evidence)

    def _foreign(self, number: int) -> Iterator[Sample]:
        other = self._every[(number + 1) % len(self._every)]
        for question in _questions(other):
            size = self._dice.choice((0, *SIZES))
            part = _part(self._every[number], frozenset(), size, self._dice)
            is_short = self._dice.random() < SHORT
            query = shorten(question.query, other) if is_short else question.query
            yield self._ask(number, size, "foreign", query, part)

    def _translated(self) -> Iterator[Sample]:
        facts = list(enumerate(FACTS))[KEPT_APART:]
        for number, fact in facts:
            here = number % len(self._every)
            near = [
                Item(f"f{n}", each["en"], EPOCH, f"f{n}", frozenset([str(n)]))
                for n, each in facts
                if abs(n - number) < NEAR
            ]
            for language, size in product(LANGUAGES, (10, 240)):
                part = _part(self._every[here], frozenset(), size, self._dice)
                part = replace(part, observations=[*near, *part.observations])
                evidence = frozenset([str(number)])
                query = fact[language]
                yield self._ask(here, size, "translated", query, part, evidence)
                part = replace(part, observations=part.observations[len(near) :])
                yield self._ask(here, size, "untold", query, part)

    def _ask(
        self,
        number: int,
        size: int,
        kind: str,
        query: str,
        part: Conversation,
        evidence: frozenset[str] = frozenset(),
    ) -> Sample:
        held = self._memories if self._meaning else None
        rank = Ranking(
            [Query.of(query, held.vector(query) if held else None)],
            PreparedProfile(
                texts_of(part.observations, held),
                texts_of(part.summaries, held),
                ranking.MODELS["use-3"],
            ),
        )
        covers = [o.covers & evidence for o in part.observations]
        return Sample(number, size, kind, rank, np.array(covers, bool), covers)


def _questions(conversation: Conversation) -> list:
    return [
        question
        for question in conversation.questions
        if question.category <= 4 and answerable(conversation, question)
    ]


def shorten(query: str, conversation: Conversation) -> str:
    """Two of its words, those that the fewest observations hold."""
    said = [o.content.casefold() for o in conversation.observations]
    words = [word.strip("?.,!'\"") for word in query.split()]
    words = [word for word in words if len(word) > 3] or words
    rare = sorted(words, key=lambda w: sum(w.casefold() in text for text in said))
    return " ".join(word for word in words if word in rare[:2])


def _part(
    conversation: Conversation, evidence: frozenset[str], size: int, dice: random.Random
) -> Conversation:
    """Some observations, the evidence among them, and the summaries they belong to."""
    if not size:
        return conversation
    held = [o for o in conversation.observations if o.covers & evidence]
    rest = [o for o in conversation.observations if not o.covers & evidence]
    kept = held + dice.sample(rest, max(0, min(size - len(held), len(rest))))
    sessions = {o.session for o in kept}
    return Conversation(
        sorted(kept, key=lambda o: o.id),
        [s for s in conversation.summaries if s.session in sessions],
        [],
    )


@dataclass(frozen=True)
class Marked:
    """Items of one kind and run that a person marked: what speaks for each of them."""

    features: Sequence[dict[str, float]]
    wanted: np.ndarray

    def table(self, names: Sequence[str]) -> np.ndarray:
        return np.array([[row.get(n, 0.0) for n in names] for row in self.features])

    def rate(self, weights: dict[str, float]) -> float:
        """How often a wanted one has more than one that is not."""
        sums = self.table([*weights]) @ [*weights.values()]
        return float((sums[self.wanted][:, None] > sums[~self.wanted]).mean())


def read_marks(lines: Iterable[str]) -> list[Marked]:
    """Of the lab's export what can be compared; a run without scores cannot."""

    def question(row: dict) -> tuple[str, ...]:
        return row["profile_id"], row["run"], row["item_id"].rpartition("_")[0]

    rows = [row for line in lines if (row := json.loads(line))["features"]]
    found = [[*some] for _, some in groupby(sorted(rows, key=question), question)]
    marked = [
        Marked(
            [row["features"] for row in some],
            np.array([row["is_wanted"] for row in some]),
        )
        for some in found
    ]
    return [each for each in marked if 0 < each.wanted.sum() < len(each.wanted)]


def regress(table: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Coefficients with the least log loss plus RIDGE times half their square."""
    ridge = np.diag([1e-6] + [RIDGE] * (table.shape[1] - 1))
    found = np.zeros(table.shape[1])
    found[0] = -4.0
    for _ in range(40):
        chance = sigmoid(np.clip(table @ found, -30, 30))
        slope = table.T @ (weights * (wanted - chance)) - ridge @ found
        spread = weights * chance * (1 - chance)
        bend = (table * spread[:, None]).T @ table + ridge
        step = np.linalg.solve(bend, slope)
        found += step * min(1.0, 2.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-9:
            break
    return found


def fit_order(
    tables: Sequence[np.ndarray], wanted: Sequence[np.ndarray], fixed: dict[int, float]
) -> np.ndarray:
    """Weights with the least -log softmax of a wanted row against all unwanted ones;
    a question counts once. fixed: weights that are given."""
    found = np.ones(tables[0].shape[1])
    found[list(fixed)] = list(fixed.values())
    for _ in range(25):
        slope, bend = RIDGE / 2 * found, RIDGE / 2 * np.eye(len(found))
        for table, is_wanted in zip(tables, wanted, strict=True):
            sums = table @ found
            odds = np.exp(sums - sums.max())
            rest = odds * ~is_wanted
            moments = (table * rest[:, None]).T @ table
            share = 1 / is_wanted.sum()
            for row in np.flatnonzero(is_wanted):
                total = rest.sum() + odds[row]
                own = odds[row] / total
                mean = rest @ table / total + own * table[row]
                slope += share * (mean - table[row])
                bend += share * (
                    moments / total
                    + own * np.outer(table[row], table[row])
                    - np.outer(mean, mean)
                )
        for place in fixed:
            slope[place] = bend[place] = bend[:, place] = 0
            bend[place, place] = 1
        step = np.linalg.solve(bend, slope)
        found -= step * min(1.0, 4 / np.abs(step).max())
        if np.abs(step).max() < 1e-6:
            break
    return found


def fit(
    every: Sequence[Sample],
    memories: Memories,
    *,
    meaning: bool,
    marks: Sequence[Marked] = (),
) -> Coefficients:
    """Of these samples alone, the centres too; the order of the marks as well."""
    here = {sample.conversation for sample in every}
    centres = find_centres(memories, here) if meaning else None
    zero = dict.fromkeys(NAMES, 0.0)
    found = Coefficients(SOURCE, zero, zero | {"bias": 0.0}, zero, zero, centres)
    asked = [sample for sample in every if sample.kind == "asked"]
    sure = [n for n in SURE if n != "code" and (meaning or n != "meaning")]
    values = regress(
        np.vstack([sample.parts(found).table(sure) for sample in asked]),
        np.concatenate([sample.wanted for sample in asked]).astype(float),
        np.concatenate([np.full(len(s.wanted), s.weight) for s in asked]),
    )
    evidence = dict(zip(("bias", *sure), values.tolist(), strict=True)) | {"code": CODE}
    found = replace(found, evidence=evidence)
    whole = [sample for sample in asked if not sample.size]
    names = [
        n for n in NAMES if n not in ("few", "code") and (meaning or n != "meaning")
    ]
    tables = [sample.parts(found).table(names)[:, 1:] for sample in whole]
    wanted = [sample.wanted for sample in whole]
    tables += [each.table(names) for each in marks]
    wanted += [each.wanted for each in marks]
    weights = fit_order(tables, wanted, {})
    date = names.index("date")
    if weights[date] > DATE_MOST:
        weights = fit_order(tables, wanted, {date: DATE_MOST})
    order = dict(zip(names, weights.tolist(), strict=True)) | {"code": CODE}
    found = replace(found, order=order)
    met = [sample for sample in every if sample.own[0].words.any()]
    unmet = [sample for sample in every if not sample.own[0].words.any()]
    found = replace(found, chance=fit_chance(met, found))
    return replace(found, alone=fit_chance(unmet, found) if meaning else found.chance)


KINDS = {"asked": 1.0, "short": 0.5, "foreign": 0.5, "translated": 1.0, "untold": 1.0}


def fit_chance(every: Sequence[Sample], found: Coefficients) -> dict[str, float]:
    standings = []
    for sample in every:
        parts = sample.parts(found)
        standings.append(_fuse(found, parts).standing(parts))
    table = np.vstack(standings)
    values = regress(
        np.column_stack([np.ones(len(table)), table]),
        np.concatenate([sample.wanted for sample in every]).astype(float),
        np.concatenate(
            [np.full(len(s.wanted), s.weight * KINDS[s.kind]) for s in every]
        ),
    )
    return dict(zip(("bias", *CHANCE), values.tolist(), strict=True))


def find_centres(memories: Memories, here: set[int]) -> tuple[np.ndarray, np.ndarray]:
    """Means of the vectors of texts and of questions, over these conversations."""
    held = [each for n, each in enumerate(conversations()) if n in here]
    texts = [memories.vector(o.content) for each in held for o in each.observations]
    asked = [memories.vector(q.query) for each in held for q in _questions(each)]
    return np.mean(texts, axis=0), np.mean(asked, axis=0)


def report(every: Sequence[Sample], memories: Memories, *, meaning: bool) -> None:
    """Each conversation by coefficients of the four others."""
    rows: dict[tuple[str, int], list[tuple[np.ndarray, np.ndarray]]] = {}
    order = []
    for number in range(len(conversations())):
        found = fit(
            [s for s in every if s.conversation != number], memories, meaning=meaning
        )
        for sample in every:
            if sample.conversation != number:
                continue
            parts = sample.parts(found)
            scores = _fuse(found, parts).scores(parts)
            best = np.argsort(-scores, kind="stable")
            first = best[:10]
            rows.setdefault((sample.kind, sample.size), []).append(
                (scores[first], sample.wanted[first])
            )
            if (sample.kind, sample.size) == ("asked", 0):
                order.append(measure_order([sample.covers[row] for row in best]))
    print(
        "  unseen conversations: recall@10 {:.3f}, nDCG@10 {:.3f}".format(
            *(fmean(column) for column in list(zip(*order, strict=True))[1::2])
        )
    )
    for kind, size in sorted(rows):
        found_rows = rows[kind, size]
        columns = [np.concatenate(column) for column in zip(*found_rows, strict=True)]
        shown = fmean(scores[0] >= 0.3 for scores, _ in found_rows)
        right = fmean(bool(wanted[0]) for _, wanted in found_rows)
        both = fmean(bool(w[0]) and s[0] >= 0.3 for s, w in found_rows)
        print(
            f"  {kind:<10} {size or 'all':>4} texts: calibration error of the first ten"
            f" {calibration_error(*columns):.3f}; the first has 0.3 {shown:.2f},"
            f" is right {right:.2f}, both {both:.2f}"
        )


def with_bias(
    words: Coefficients, known: Coefficients, memories: Memories
) -> Coefficients:
    """The sum of a text without a vector beside one with: as it is for what is wanted."""
    apart = []
    for sample in Asking(memories, meaning=True).samples():
        if (sample.kind, sample.size) == ("asked", 0):
            of_both = []
            for found in (known, words):
                parts = sample.parts(found)
                weights = [found.order.get(name, 0.0) for name in ("bias", *NAMES)]
                of_both.append(parts.table(NAMES) @ weights)
            apart += (of_both[0] - of_both[1])[sample.wanted].tolist()
    return replace(words, order=dict(words.order) | {"bias": fmean(apart)})


def as_minilm(found: Coefficients) -> Coefficients:
    """For a model that we do not know: what was measured for MiniLM-L6, whose cosines
    are used as they are; the rest as found."""
    evidence = {"bias": -9.34, "meaning": 6.26, "words": 4.75, "bulk": 2.7}
    return replace(
        found,
        source="MiniLM-L6",
        evidence=dict(found.evidence) | evidence,
        centres=None,
    )


def as_json(found: Coefficients) -> dict:
    def rounded(numbers: dict[str, float]) -> dict[str, float]:
        return {name: round(float(number), 3) for name, number in numbers.items()}

    return {
        "source": found.source,
        "order": rounded(found.order),
        "evidence": rounded(found.evidence),
        "chance": rounded(found.chance),
        "alone": rounded(found.alone),
        "centres": [
            b64encode(centre.astype("<f2").tobytes()).decode()
            for centre in found.centres or ()
        ],
    }


def main() -> None:
    given = argparse.ArgumentParser(description="Fits the coefficients of the engine.")
    given.add_argument("--write", action="store_true")
    given.add_argument("--marks", type=Path, help="recall-marks.jsonl of the lab")
    options = given.parse_args()
    marks = read_marks(options.marks.read_text().splitlines()) if options.marks else []
    memories = Memories()
    memories.add(
        [fact[language] for fact in FACTS for language in ("en", *LANGUAGES)]
        + [shorten(q.query, each) for each in conversations() for q in _questions(each)]
    )
    made = {}
    for name, meaning in (("use-3", True), ("", False)):
        every = list(Asking(memories, meaning=meaning).samples())
        print(name or "words alone")
        report(every, memories, meaning=meaning)
        made[name] = fit(every, memories, meaning=meaning, marks=marks)
        if marks:
            order = ranking.MODELS[name].order, made[name].order
            rates = [fmean(m.rate(dict(each)) for m in marks) for each in order]
            print(
                f"  {len(marks)} marked runs: in order {rates[0]:.3f} → {rates[1]:.3f}"
            )
    made[""] = with_bias(made[""], made["use-3"], memories)
    made["other"] = as_minilm(made["use-3"])
    text = json.dumps({name: as_json(found) for name, found in made.items()}, indent=1)
    print(text)
    if options.write:
        FILE.write_text(text + "\n")


if __name__ == "__main__":
    main()
