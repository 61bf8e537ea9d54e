"""The work that every system is given, as files that any Python with numpy reads."""

import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.benchmarks.quality import Item, conversations

TEXTS = 100  # observations a profile
QUERIES = 300  # that are timed


class Row(NamedTuple):
    """An observation of a profile; `id` is the profile's and the item's in one.

    vector  512 float32, of length 1
    """

    id: str
    profile: str
    content: str
    occurred_at: str
    conversation: str
    vector: np.ndarray


class Asked(NamedTuple):
    profile: str
    query: str


@dataclass(frozen=True)
class Work:
    """What to keep and what to ask.

    texts      each different text once: content, ISO time, conversation
    profiles   rows of `texts`, by profile: random ones, then one a conversation
    summaries  likewise, of the profiles that are a conversation
    timed      asked of random profiles
    judged     asked of the conversations that they are about
    vectors    of every content and query
    """

    texts: list[tuple[str, str, str]]
    profiles: dict[str, list[int]]
    summaries: dict[str, list[int]]
    timed: list[Asked]
    judged: list[Asked]
    vectors: dict[str, np.ndarray]

    def rows(self, of: dict[str, list[int]]) -> list[list[Row]]:
        """A list a profile; items are numbered as in quality.py."""
        return [
            [
                Row(f"{profile}-o{n:04}", profile, *text, self.vectors[text[0]])
                for n, text in enumerate(self.texts[number] for number in numbers)
            ]
            for profile, numbers in of.items()
        ]

    def save(self, folder: Path) -> None:
        parts = asdict(self)
        vectors = parts.pop("vectors")
        np.save(folder / "vectors.npy", np.stack(list(vectors.values())))
        parts["words"] = list(vectors)
        (folder / "work.json").write_text(json.dumps(parts))

    @classmethod
    def load(cls, folder: Path) -> "Work":
        parts = json.loads((folder / "work.json").read_text())
        vectors = np.load(folder / "vectors.npy")
        parts["vectors"] = dict(zip(parts.pop("words"), vectors, strict=True))
        for name in ("timed", "judged"):
            parts[name] = [Asked(*each) for each in parts[name]]
        return cls(**parts)


def make_work(profiles: int) -> Work:
    """From the dev data: real texts, dealt at random to profiles of equal size."""
    # Imported here: a peer's Python reads this file too, and has no console.
    from tests.benchmarks.ranking import Memories

    dice = random.Random(20261121)
    texts, told, summed_up = [], {}, {}
    for number, conversation in enumerate(conversations()):
        for of, items in (
            (told, conversation.observations),
            (summed_up, conversation.summaries),
        ):
            of[f"c{number}"] = range(len(texts), len(texts) + len(items))
            texts += [_text(number, item) for item in items]
    pool = [number for numbers in told.values() for number in numbers]
    dealt = {f"p{n:05}": sorted(dice.sample(pool, TEXTS)) for n in range(profiles)}
    judged = [
        Asked(f"c{number}", question.query)
        for number, conversation in enumerate(conversations())
        for question in conversation.questions
        if question.category <= 4
    ]
    timed = [
        Asked(profile, dice.choice(judged).query)
        for profile in dice.choices(list(dealt), k=QUERIES)
    ]
    memories = Memories()
    known = {text for text, *_ in texts} | {asked.query for asked in judged}
    return Work(
        texts,
        dealt | {profile: list(numbers) for profile, numbers in told.items()},
        {profile: list(numbers) for profile, numbers in summed_up.items()},
        timed,
        judged,
        {text: memories.vector(text) for text in sorted(known)},
    )


def _text(number: int, item: Item) -> tuple[str, str, str]:
    conversation = f"conv_{number}_{item.session}"
    return item.content, item.occurred_at.isoformat(), conversation
