"""How a Recall came about, where a memory says so: an extension of the embedded one."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score: its value, and the log-odds that it adds."""

    value: float
    adds: float


@dataclass(frozen=True, slots=True)
class TracedItem:
    """One item. A score is the sigmoid of `log_odds`, times its query's weight.

    place       1 for the best of its kind
    query       which of the trace's queries the score comes from
    by_meaning  False: its vector was not there, so its words alone counted
    copies      ids of items that say the same and are not shown
    summary, neighbour  ids of what lends the parts of that name
    """

    id: str
    recalled: bool
    place: int
    score: float
    query: int
    bias: float
    log_odds: float
    by_meaning: bool
    parts: dict[str, Part]
    stems: tuple[str, ...] = field(repr=False)
    copies: tuple[str, ...] = ()
    summary: str = ""
    neighbour: str = ""


@dataclass(frozen=True, slots=True)
class TracedQuery:
    """A query as it was understood; `turn` is the item that it was taken from."""

    stems: tuple[str, ...] = field(repr=False)
    unknown_stems: tuple[str, ...] = field(repr=False)
    dates: dict[str, int]
    weight: float
    by_meaning: bool
    turn: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """How many texts were considered, and how many of them by their words alone."""

    observations: int
    summaries: int
    without_vector: int

    @property
    def total(self) -> int:
        return self.observations + self.summaries


@dataclass(frozen=True, slots=True)
class Trace:
    """embedder  id of the model; "" for words alone"""

    embedder: str
    texts: Texts
    queries: tuple[TracedQuery, ...]
    items: tuple[TracedItem, ...]

    def of(self, item_id: str) -> TracedItem | None:
        return next((item for item in self.items if item.id == item_id), None)
