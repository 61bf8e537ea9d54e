"""Running Recall for a page, with what a person needs to judge it."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from console.client.store import StoreClient
from console.client.traces import Part, TracedItem
from console.client.values import Observation, Profile, Recall, Summary
from console.masking.masker import MaskedValue, Masker
from console.pages.recall.masked import masked_json

# The parts of a score, as the embedded memory names them (console/engine/fusion.py).
WORDS = {
    "meaning": "what it means",
    "words": "words of the query that it holds",
    "bulk": "how much that is",
    "date": "happened when the query says",
    "summary": "summary of its conversation",
    "neighbour": "told beside a match",
    "few": "how few there are to choose from",
}
# Below this, a person should not take an item for an answer.
UNLIKELY = 0.03


@dataclass(frozen=True, slots=True)
class Result:
    """One recalled item in its place; `traced` where the memory explains it."""

    rank: int
    kind: str  # observation or summary
    item: Observation | Summary
    shown: MaskedValue
    traced: TracedItem | None = None

    @property
    def conversation_ids(self) -> tuple[str, ...]:
        if isinstance(self.item, Summary):
            return (self.item.conversation_id,)
        return self.item.conversation_ids

    @property
    def why(self) -> list[tuple[str, Part]]:
        """The parts that move the score by what can be seen, in words."""
        parts = self.traced.parts if self.traced else {}
        known = [(words, parts[name]) for name, words in WORDS.items() if name in parts]
        return [(words, part) for words, part in known if abs(part.adds) >= 0.05]


@dataclass(frozen=True, slots=True)
class Run:
    """A recall and its evidence. Times in milliseconds, as seen from the console.

    masker    what this person may see of each item
    masked  the same without what they revealed: for the name and the raw answer
    """

    profile: Profile
    recall: Recall
    mode_asked: str
    explain: bool
    resolve_ms: float
    masker: Masker
    masked: Masker

    @property
    def name(self) -> str:
        return self.masked.name(self.profile.traits)

    @property
    def mode_ran(self) -> str:
        """What the memory did, by its answer: a memory may fall back to recency."""
        if self.recall.is_ranked:
            return self.mode_asked
        return "recent" if self.results else self.mode_asked

    @property
    def fell_back(self) -> bool:
        return self.mode_ran != self.mode_asked

    @property
    def results(self) -> list[Result]:
        """Observations and summaries in one list, best first; else newest first."""
        items = [("observation", o) for o in self.recall.observations]
        items += [("summary", s) for s in self.recall.summaries]  # type: ignore[misc]
        if self.recall.is_ranked:
            items.sort(key=lambda pair: -(pair[1].score or 0))
        else:
            items.sort(key=lambda pair: pair[1].occurred_at, reverse=True)
        trace = self.recall.trace
        return [
            Result(
                rank,
                kind,
                item,
                self.masker.text(kind, item.id, item.content),
                trace.of(item.id) if trace else None,
            )
            for rank, (kind, item) in enumerate(items, start=1)
        ]

    @property
    def first_unmatched(self) -> int:
        """The rank from which items are wanted once in thirty times or less; 0: none."""
        if not self.recall.is_ranked:
            return 0
        return next((r.rank for r in self.results if (r.item.score or 0) < UNLIKELY), 0)

    @property
    def has_own_words(self) -> bool:
        """Whether the words asked with were the customer's, not typed by a person."""
        trace = self.recall.trace
        return trace is not None and any(query.turn for query in trace.queries)

    @property
    def request_json(self) -> str:
        return self._json(self.recall.exchange.request)

    @property
    def response_json(self) -> str:
        return self._json(self.recall.exchange.response)

    def _json(self, content: Any) -> str:
        return masked_json(content, self.masked, hide_stems=self.has_own_words)


def recall_profile(
    store: StoreClient,
    profile_id: str,
    *,
    mode: str,
    question: dict[str, Any],
    masker: Masker,
    masked: Masker,
) -> Run:
    """Two calls: who this is, and the recall itself. Raises MemoryNotFound."""
    begin = perf_counter()
    profile = store.fetch_profile(profile_id)
    resolve_ms = (perf_counter() - begin) * 1000
    recall = store.recall(profile.canonical_id or profile.id, **question)
    return Run(
        profile,
        recall,
        mode_asked=mode,
        explain=question["trace"],
        resolve_ms=resolve_ms,
        masker=masker,
        masked=masked,
    )
