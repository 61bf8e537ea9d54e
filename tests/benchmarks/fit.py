"""`python -m tests.benchmarks.fit`: the coefficients of the score, from the dev data.

Logistic regression (Newton steps, a light ridge) of "is among the evidence" on the
parts of the score, over every answerable question of categories 1 to 4. Each question
is asked of its whole conversation, which counts half, and of three random smaller
memories that still hold the evidence, which share the other half: so a score means the
same in a small profile. What a text
lends its neighbours depends on the coefficients, so that fitting goes in rounds.

Prints the lines of console/engine/ranking.py, and how well the scores are
calibrated on conversations that the coefficients have not seen.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from console.engine import ranking
from console.engine.ranking import MODELS, WORDS, Coefficients, Query, Ranking
from tests.benchmarks.quality import Conversation, answerable, conversations
from tests.benchmarks.ranking import Memories, calibration_error, texts_of

SIZES = (10, 25, 60, 120)
SMALLER = 3
ROUNDS = 4
RIDGE = 1.0


@dataclass(frozen=True)
class Sample:
    """One question of one memory; `wanted` per observation, 1 or 0."""

    conversation: int
    size: int
    ranking: Ranking
    wanted: np.ndarray

    @property
    def weight(self) -> float:
        return 1.0 / SMALLER if self.size else 1.0


def samples(memories: Memories, *, meaning: bool) -> Iterator[Sample]:
    dice = random.Random(20261121)
    for number, conversation in enumerate(conversations()):
        for question in conversation.questions:
            if question.category > 4 or not answerable(conversation, question):
                continue
            for size in (0, *dice.sample(SIZES, SMALLER)):
                part = _part(conversation, question.evidence, size, dice)
                told = texts_of(part.observations, memories if meaning else None)
                summed_up = texts_of(part.summaries, memories if meaning else None)
                vector = memories.vector(question.query) if meaning else None
                wanted = [bool(o.covers & question.evidence) for o in part.observations]
                yield Sample(
                    number,
                    size,
                    Ranking(
                        [Query.of(question.query, vector)],
                        told,
                        summed_up,
                        MODELS["use-3"],
                    ),
                    np.array(wanted, float),
                )


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


def design(sample: Sample) -> np.ndarray:
    """Ones and the parts, a row an observation; by the coefficients in force."""
    ranking = sample.ranking
    parts, _ = ranking.parts(ranking.queries[0])
    columns = [getattr(parts, name) for name in ranking.NAMES]
    return np.stack([np.ones(len(sample.wanted)), *columns], axis=1)


def regress(table: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Coefficients with the least log loss plus RIDGE times half their square."""
    ridge = np.diag([1e-6] + [RIDGE] * (table.shape[1] - 1))
    found = np.zeros(table.shape[1])
    found[0] = -4.0
    for _ in range(40):
        chance = ranking.sigmoid(np.clip(table @ found, -30, 30))
        slope = table.T @ (weights * (wanted - chance)) - ridge @ found
        spread = weights * chance * (1 - chance)
        bend = (table * spread[:, None]).T @ table + ridge
        step = np.linalg.solve(bend, slope)
        found += step * min(1.0, 2.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-9:
            break
    return found


def fit(all_samples: Sequence[Sample], start: Coefficients) -> Coefficients:
    present = start
    for _ in range(ROUNDS):
        _use(all_samples, present)
        tables = [design(sample) for sample in all_samples]
        values = regress(
            np.vstack(tables),
            np.concatenate([s.wanted for s in all_samples]),
            np.concatenate([np.full(len(s.wanted), s.weight) for s in all_samples]),
        )
        present = Coefficients(start.source, *np.round(values, 3).tolist())
    return present


def _use(all_samples: Sequence[Sample], present: Coefficients) -> None:
    """Rank by these coefficients from here on, texts with and without a vector."""
    for sample in all_samples:
        for side in (sample.ranking.observations, sample.ranking.summaries):
            all_known = np.ones(len(side.texts), bool)
            side.fusion = ranking.Fusion(present, present, all_known)


def first_ten(all_samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
    """Scores and truth of the ten first observations of each answer."""
    scores, wanted = [], []
    for sample in all_samples:
        parts, _ = sample.ranking.parts(sample.ranking.queries[0])
        found = sample.ranking.observations.fusion.scores(parts)
        first = np.argsort(-found, kind="stable")[:10]
        scores.append(found[first])
        wanted.append(sample.wanted[first])
    return np.concatenate(scores), np.concatenate(wanted)


def held_out_errors(
    all_samples: Sequence[Sample], start: Coefficients
) -> dict[int, float]:
    """By size of the memory, when each conversation is scored by the four others."""
    found: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for number in sorted({sample.conversation for sample in all_samples}):
        seen = [s for s in all_samples if s.conversation != number]
        unseen = [s for s in all_samples if s.conversation == number]
        _use(unseen, fit(seen, start))
        for size in (0, *SIZES):
            rows = first_ten([s for s in unseen if s.size == size])
            found.setdefault(size, []).append(rows)
    return {
        size: calibration_error(*map(np.concatenate, zip(*rows, strict=True)))
        for size, rows in found.items()
    }


def main() -> None:
    memories = Memories()
    for name, start in (("WORDS", WORDS), ("use-3", MODELS["use-3"])):
        asked = list(samples(memories, meaning=start is not WORDS))
        found = fit(asked, start)
        print(f"{name}: Coefficients(_DEV, {', '.join(map(str, astuple(found)[1:]))})")
        errors = held_out_errors(asked, found)
        print(
            "  calibration error of the first ten, unseen conversations: "
            + ", ".join(f"{size or 'all'} texts {e:.3f}" for size, e in errors.items())
        )


if __name__ == "__main__":
    main()
