"""Short questions to one customer's memory: right and first, and shown at 0.3.

probes.txt holds 250 facts of one invented customer, each with what is asked of it by
kind, and questions that nothing in it answers, though most are of what it is about.
They were written before any answer to them was seen, and no coefficient is fitted on
them. Strange are the questions of another memory, the dev data's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

from console.engine.dates import microseconds
from console.engine.embedding import load_embedder
from console.engine.ranking import (
    Coefficients,
    PreparedProfile,
    Query,
    Ranking,
    get_coefficients,
)
from console.engine.texts import Floats, Texts, pack_vector
from console.engine.words import terms
from tests.benchmarks.quality import DATA, conversations

MODEL = "use-3"
FILE = Path(__file__).with_suffix(".txt")
# When it is asked, and the first day of the facts whose day does not matter.
NOW = datetime(2025, 11, 20, 12, tzinfo=UTC)
LONG_AGO = datetime(2022, 2, 1, 12, tzinfo=UTC)
SHOWN = 0.3
# So many small profiles are made of all facts, of 15 or 16 each.
PROFILES = 16


@dataclass
class Fact:
    """`before`: what it replaces, a day older; asked: pairs of kind and question."""

    text: str
    on: datetime
    before: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)


def read() -> tuple[list[Fact], list[str]]:
    """The facts, and the questions that they do not answer."""
    told, _, foreign = FILE.read_text("utf-8").partition("\nNobody knows:\n")
    facts: list[Fact] = []
    for line in told.splitlines():
        if line.startswith("  "):
            kind, _, text = line.strip().partition(": ")
            if kind == "was":
                facts[-1].before = text
            else:
                facts[-1].asked.append((kind, text))
            continue
        text, _, day = line.partition(" @")
        on = LONG_AGO + timedelta(days=len(facts))
        if day:
            on = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
        facts.append(Fact(text, on))
    return facts, foreign.splitlines()


@dataclass
class Found:
    """By kind, of each question whether the right one is first, and its chance; the
    chance of what is first for those that nothing answers."""

    asked: dict[str, list[tuple[bool, float]]] = field(default_factory=dict)
    foreign: list[float] = field(default_factory=list)
    strange: list[float] = field(default_factory=list)

    def shares(self, kind: str = "") -> tuple[float, float]:
        """Right and first; that, and shown."""
        rows = [r for k, some in self.asked.items() for r in some if kind in ("", k)]
        return (
            fmean(right for right, _ in rows),
            fmean(right and chance >= SHOWN for right, chance in rows),
        )


class Probes:
    def __init__(self, coefficients: Coefficients | None = None) -> None:
        self.facts, self.foreign = read()
        self._coefficients = coefficients or get_coefficients(MODEL)
        every = conversations() if DATA.exists() else ()
        self.strange = [q.query for each in every for q in each.questions]
        texts = [each.text for each in self.facts]
        texts += [each.before for each in self.facts if each.before]
        texts += [text for each in self.facts for _, text in each.asked]
        texts += [*self.foreign, *self.strange]
        vectors = load_embedder(MODEL).embed(texts)
        self._vectors: dict[str, Floats] = dict(zip(texts, vectors, strict=True))

    def ask(self, profiles: int) -> Found:
        """All facts dealt out to so many profiles."""
        found = Found()
        for number in range(profiles):
            facts = self.facts[number::profiles]
            profile = self._profile(facts)
            for fact in facts:
                for kind, text in fact.asked:
                    id_, chance = self._first(profile, text)
                    right = id_ == fact.text
                    found.asked.setdefault(kind, []).append((right, chance))
            found.foreign += [self._first(profile, text)[1] for text in self.foreign]
            found.strange += [self._first(profile, text)[1] for text in self.strange]
        return found

    def _profile(self, facts: Sequence[Fact]) -> PreparedProfile:
        day = timedelta(days=1)
        told = [(each.text, each.on) for each in facts]
        told += [(each.before, each.on - day) for each in facts if each.before]
        rows = [
            (
                text,
                microseconds(on),
                terms(text),
                b"",
                pack_vector(self._vectors[text]),
                MODEL,
            )
            for text, on in told
        ]
        texts = Texts.of(rows, MODEL), Texts.of([], "")
        return PreparedProfile(*texts, self._coefficients)

    def _first(self, profile: PreparedProfile, text: str) -> tuple[str, float]:
        query = Query.of(text, self._vectors[text], now=NOW)
        [best] = Ranking([query], profile).select_observations(1)
        return best.id, best.score


def run() -> None:
    probes = Probes()
    small, large = probes.ask(PROFILES), probes.ask(1)
    facts = sum(1 + bool(each.before) for each in probes.facts)
    columns = [f"{size} {name}" for size in (16, facts) for name in ("first", "shown")]
    print(f"\n{'short questions':<20}" + "".join(f"{c:>12}" for c in columns))
    for line in _lines(small, large):
        print(line)


def _lines(small: Found, large: Found) -> Iterator[str]:
    for kind in (*sorted(small.asked), ""):
        shares = (*small.shares(kind), *large.shares(kind))
        asked = sum(len(r) for k, r in small.asked.items() if kind in ("", k))
        columns = "".join(f"{share:>12.2f}" for share in shares)
        yield f"{kind or 'all':<20}{columns}{asked:>6}"
    for name in ("foreign", "strange"):
        columns = ""
        for found in (small, large):
            chances = getattr(found, name)
            passing = fmean(c >= SHOWN for c in chances) if chances else 0.0
            columns += f"{passing:>24.3f}"
        yield f"{f'{name}, shown':<20}{columns}{len(chances):>6}"
