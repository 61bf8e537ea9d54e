"""What is remembered of a conversation, and what is found of it: without a model, or by
the one that is given.

Every measure counts what was never extracted: recall is over all the evidence of a
question, not over what some observation covers.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain, count
from math import log2
from statistics import fmean
from time import process_time

import Stemmer

from console.engine.embedding import load_embedder
from console.engine.extractive import Fact, Turn, extract, summarise
from console.engine.ranking import MODELS, PreparedProfile, Query, Ranking
from tests.benchmarks.quality import (
    CATEGORIES,
    FOLDER,
    TURNS,
    Conversation,
    Item,
    Question,
)
from tests.benchmarks.ranking import MODEL, Memories, texts_of
from tests.masking.hostile import HOSTILE

DIALOGUES = FOLDER / "sgd-dev.jsonl"
HOSTILE_CHARS = 100_000
PROMPT = 1_500
DEEPEST = 60  # no prompt of this size has more
Row = tuple[str, str, str]  # what, measured, goal
NOON = datetime(2026, 11, 6, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Session:
    """One conversation between two people, with the ids and speakers of its turns."""

    name: str
    turns: list[tuple[str, str, str]]  # id, speaker, text
    started_at: datetime
    reference: str

    def seen_as(self, customer: str) -> list[Turn]:
        return [
            Turn(
                number,
                speaker,
                "customer" if speaker == customer else "agent",
                text,
                self.started_at + timedelta(seconds=number),
            )
            for number, (_, speaker, text) in enumerate(self.turns, start=1)
        ]


@cache
def sessions() -> list[list[Session]]:
    return [list(_read(each)) for each in json.loads(TURNS.read_text())]


def _read(read: dict) -> Iterator[Session]:
    for number in range(1, 100):
        if turns := read["conversation"].get(f"session_{number}"):
            started = read["conversation"][f"session_{number}_date_time"]
            yield Session(
                str(number),
                [(t["dia_id"], t["speaker"], _text(t)) for t in turns],
                datetime.strptime(started, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC),
                read["session_summary"][f"session_{number}_summary"],
            )


def _text(turn: dict) -> str:
    caption = turn.get("blip_caption")
    return f"{turn['text']} [shares {caption}]" if caption else turn["text"]


class Learner:
    """What is measured; this one takes no model."""

    title = "Learnt without a model"

    def extract(self, turns: Sequence[Turn]) -> Sequence[Fact]:
        return extract(turns, zone=UTC)

    def summarise(self, turns: Sequence[Turn], agent: str) -> str:
        return summarise(turns, zone=UTC, channel="CHAT", agent=agent)

    def tell_cost(self) -> Iterator[Row]:
        return _cost()


def profiles(learner: Learner) -> Iterator[Conversation]:
    """What is learnt of each person, with the questions about that person's turns."""
    for held, questions in zip(sessions(), list_questions(), strict=True):
        speakers = {id_: who for each in held for id_, who, _ in each.turns}
        for person in dict.fromkeys(speakers.values()):
            yield Conversation(
                list(_learn(learner, held, person)),
                [
                    Item(
                        f"s{n:04}",
                        _summary(learner, session),
                        session.started_at,
                        session.name,
                    )
                    for n, session in enumerate(held)
                ],
                [
                    q
                    for q in questions
                    if {speakers[id_] for id_ in q.evidence} == {person}
                ],
            )


def _learn(learner: Learner, held: Sequence[Session], person: str) -> Iterator[Item]:
    numbers = count()
    for session in held:
        for fact in learner.extract(session.seen_as(person)):
            yield Item(
                f"o{next(numbers):04}",
                fact.text,
                fact.said_at,
                session.name,
                frozenset(session.turns[number - 1][0] for number in fact.turns),
            )


def list_questions() -> list[list[Question]]:
    """All that have evidence: more than the ones that some observation answers."""
    return [
        [
            Question(each["question"], evidence, each["category"])
            for each in read["qa"]
            if each["category"] in CATEGORIES
            and (evidence := _known(each["evidence"], held))
        ]
        for read, held in zip(json.loads(TURNS.read_text()), sessions(), strict=True)
    ]


def _known(evidence: Iterable[str], held: Sequence[Session]) -> frozenset[str]:
    """Some names of turns are malformed ("D8:6; D9:17"), some name none."""
    named = re.findall(r"D\d+:\d+", " ".join(evidence))
    return frozenset(named) & {id_ for each in held for id_, *_ in each.turns}


def _summary(learner: Learner, session: Session) -> str:
    key = (id(learner), id(session))
    if key not in _summaries_of:
        agent = session.turns[1][1]
        _summaries_of[key] = learner.summarise(session.seen_as(""), agent)
    return _summaries_of[key]


# A model is asked for each once.
_summaries_of: dict[tuple[int, int], str] = {}


def measure_profile(
    profile: Conversation, memories: Memories
) -> Iterator[tuple[float, float, float]]:
    """For each question: recall@10, nDCG@10, recall within a prompt."""
    items = {item.id: item for item in profile.observations}
    kinds = (profile.observations, profile.summaries)
    prepared = PreparedProfile(
        *(texts_of(each, memories) for each in kinds), MODELS[MODEL]
    )
    for question in profile.questions:
        query = Query.of(question.query, memories.vector(question.query))
        ranking = Ranking([query], prepared)
        best = [items[found.id] for found in ranking.select_observations(DEEPEST)]
        yield judge(question, ((item.content, item.covers) for item in best))


def judge(
    question: Question, best: Iterable[tuple[str, frozenset[str]]]
) -> tuple[float, float, float]:
    """recall@10, nDCG@10, recall within a prompt of what was found, the best first: each
    with the evidence that it covers."""
    seen: set[str] = set()
    room, in_ten, in_prompt, dcg = PROMPT, 0, 0, 0.0
    for place, (content, covers) in enumerate(best):
        gained = covers & question.evidence - seen
        seen |= gained
        room -= len(content) + 1
        if place < 10:
            in_ten, dcg = len(seen), dcg + bool(gained) / log2(2 + place)
        in_prompt = len(seen) if room >= 0 else in_prompt
    wanted = len(question.evidence)
    ideal = sum(1 / log2(2 + n) for n in range(min(10, wanted)))
    return in_ten / wanted, dcg / ideal, in_prompt / wanted


def measure_values(learner: Learner) -> tuple[float, float]:
    """Of the values that customers say: the share that is kept; facts a dialogue."""
    kept, facts = [], []
    for line in DIALOGUES.read_text().splitlines():
        dialogue = json.loads(line)
        turns = read_dialogue(dialogue)
        said = "\n".join(turn.text for turn in turns if turn.role == "customer")
        found = learner.extract(turns)
        facts.append(len(found))
        held = "\n".join(fact.text for fact in found)
        kept += [
            has(held, spellings)
            for *_, spellings in dialogue["values"]
            if has(said, spellings)
        ]
    return fmean(kept), fmean(facts)


def read_dialogue(dialogue: dict) -> list[Turn]:
    roles = {"USER": ("Ana", "customer"), "SYSTEM": ("Agent", "agent")}
    return [
        Turn(number, *roles[speaker], text, NOON)
        for number, (speaker, text) in enumerate(dialogue["turns"], start=1)
    ]


def has(text: str, spellings: Iterable[str]) -> bool:
    """Whether one of these stands in it as words: "2" does not stand in "12"."""
    return any(
        re.search(rf"(?<!\w){re.escape(spelling)}(?!\w)", text, re.IGNORECASE)
        for spelling in spellings
    )


def rouge(text: str, reference: str, size: int) -> float:
    """F1 of runs of so many stemmed words (Lin, 2004)."""
    ours, theirs = (Counter(_runs(each, size)) for each in (text, reference))
    both = sum((ours & theirs).values())
    return 2 * both / ((sum(ours.values()) + sum(theirs.values())) or 1)


def _runs(text: str, size: int) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    stemmed = Stemmer.Stemmer("porter").stemWords(words)
    return zip(*(stemmed[n:] for n in range(size)), strict=False)


def run(learner: Learner | None = None) -> None:
    learner = learner or Learner()
    if not TURNS.exists():
        print(f"\nextraction: skipped, {TURNS.name} is not beside the project")
        return
    print(f"\n{learner.title:<44}{'measured':>10}{'goal':>10}")
    rows = (_recall(learner), _values(learner), _summaries(learner))
    for name, figure, goal in chain(*rows, learner.tell_cost()):
        print(f"{name:<44}{figure:>10}{goal:>10}")


def _recall(learner: Learner) -> Iterator[Row]:
    found, memories = list(profiles(learner)), Memories()
    memories.add(sorted({text for profile in found for text in _texts(profile)}))
    rows = [row for profile in found for row in measure_profile(profile, memories)]
    recall, ndcg, prompt = (fmean(column) for column in zip(*rows, strict=True))
    sizes = [len(item.content) for profile in found for item in profile.observations]
    a_session = len(sizes) / sum(len(profile.summaries) for profile in found)
    yield f"LoCoMo, recall@10 of {len(rows)} questions", f"{recall:.3f}", "≥ .81"
    yield "LoCoMo, nDCG@10", f"{ndcg:.3f}", "≥ .675"
    yield f"LoCoMo, recall in {PROMPT:,} characters", f"{prompt:.3f}", "≥ .75"
    yield "LoCoMo, observations a session", f"{a_session:.2f}", "≤ 9"
    yield "LoCoMo, characters an observation", f"{fmean(sizes):.0f}", ""


def _texts(profile: Conversation) -> Iterator[str]:
    yield from (item.content for item in (*profile.observations, *profile.summaries))
    yield from (question.query for question in profile.questions)


def _values(learner: Learner) -> Iterator[Row]:
    kept, a_dialogue = measure_values(learner)
    yield "SGD, values kept of those said", f"{kept:.3f}", "≥ .93"
    yield "SGD, observations a dialogue", f"{a_dialogue:.2f}", "≤ 4.2"


def _summaries(learner: Learner) -> Iterator[Row]:
    pairs = [
        (_summary(learner, session), session.reference) for session in _every_session()
    ]
    for size, goal in ((1, "≥ .31"), (2, "≥ .07")):
        f1 = fmean(rouge(*pair, size) for pair in pairs)
        yield f"summaries, ROUGE-{size}", f"{f1:.3f}", goal
    longest = max(len(summary) for summary, _ in pairs)
    yield "summaries, characters of the longest", f"{longest}", "≤ 700"


def _cost() -> Iterator[Row]:
    """Of a customer's and an agent's turns alike; vectors are what costs."""
    model, facts = load_embedder(MODEL), []
    begin = process_time()
    for session in _every_session():
        facts += extract(session.seen_as(session.turns[0][1]), zone=UTC)
        Learner().summarise(session.seen_as(""), session.turns[1][1])
    learnt = process_time()
    model.embed([fact.text for fact in facts])
    embedded = process_time()
    turns = sum(len(session.turns) for session in _every_session())
    yield "ms of CPU a turn", f"{(learnt - begin) * 1000 / turns:.3f}", ""
    yield "with vectors", f"{(embedded - begin) * 1000 / turns:.2f}", "≤ 15"
    slowest = max(map(_hostile_s, HOSTILE))
    yield (
        f"ms of CPU, {HOSTILE_CHARS:,} hostile characters",
        f"{slowest * 1000:.0f}",
        "",
    )


def _hostile_s(text: str) -> float:
    text = (text * (HOSTILE_CHARS // len(text) + 1))[:HOSTILE_CHARS]
    begin = process_time()
    extract([Turn(1, "Ana", "customer", text, NOON)], zone=UTC)
    return process_time() - begin


def _every_session() -> list[Session]:
    return [session for held in sessions() for session in held]
