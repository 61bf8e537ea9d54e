"""The fictional customers of the demo tenants, the same ones every time.

`demo/<tenant>/people.toml` names them and what may be known of them; what happened to
them is in `stories.toml` beside it. A story is a few conversations with days between
them; its braces are filled once for each person it happens to, so that an order keeps its
number to the end.
"""

import hashlib
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from console.contract.memory.observation import NewObservation
from console.contract.memory.summary import NewSummary
from console.contract.memory.trait import TraitValue
from console.contract.memory.trait_group import CreateTraitGroup, NewTraitDefinition
from console.loading.records import Record

SHOP = "+15550001000"
Traits = dict[str, dict[str, TraitValue]]


@dataclass(frozen=True)
class Person:
    """A customer. `words` are the texts that their stories may name."""

    first: str
    email: str
    language: str
    own_stories: tuple[str, ...]
    traits: Traits
    words: dict[str, str] = field(default_factory=dict)


@cache
def read_toml(tenant: str, name: str) -> dict[str, Any]:
    path = Path(__file__).parent / tenant / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def build_random(*names: str) -> Random:
    """A generator that always yields the same for the same names."""
    return Random(" ".join(names))  # noqa: S311 - a demo that never changes


def list_trait_groups(tenant: str) -> list[CreateTraitGroup]:
    return [
        CreateTraitGroup(
            display_name=name,
            description=group["description"],
            traits={
                trait: NewTraitDefinition(data_type=how["type"])
                for trait, how in group["traits"].items()
            },
        )
        for name, group in read_toml(tenant, "people")["groups"].items()
    ]


def list_people(tenant: str) -> list[Person]:
    page = read_toml(tenant, "people")
    return [_build_person(tenant, page, *row) for row in page["people"]]


def _build_person(
    tenant: str,
    page: dict[str, Any],
    first: str,
    last: str,
    city: str,
    country: str,
    phone: str,
    language: str,
    *own_stories: str,
) -> Person:
    email = f"{_to_email_name(first)}.{_to_email_name(last)}@{page['domain']}"
    random = build_random(tenant, email, "traits")
    contact = {
        "firstName": first,
        "lastName": last,
        "email": email,
        "phone": phone,
        "city": city,
        "country": country,
        "preferredLanguage": language,
    }
    traits: Traits = {"Contact": dict(contact)}
    words = {"first": first, "city": city}
    for group, known in page["groups"].items():
        for name, how in known["traits"].items():
            value = _draw_value(random, how)
            if isinstance(value, str):
                words[name] = value
            if random.random() >= how.get("unset", 0):
                traits.setdefault(group, {})[name] = value
    return Person(first, email, language, own_stories, traits, words)


def _to_email_name(name: str) -> str:
    """`Étienne van Houten` as part of an email address."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return letters.replace(" ", "-").casefold()


def _draw_value(random: Random, how: dict[str, Any]) -> TraitValue:
    """One value of a trait; the same number of steps whether it is set or not."""
    if how["type"] == "BOOLEAN":
        return random.random() < 0.5
    if how["type"] == "ARRAY":
        return random.sample(how["values"], random.randint(1, how["most"]))
    if "values" in how:
        return str(random.choice(how["values"]))
    number = random.randint(how["from"], how["to"])
    return how["form"].format(number) if "form" in how else number


# Everything happened before this day, whenever the demo is made.
ANCHOR = datetime(2026, 11, 1, tzinfo=UTC)
DAYS_BACK = 700
SEASONS = {"winter": {11, 12, 1, 2, 3}, "summer": {5, 6, 7, 8, 9}}
EVERY_MONTH = set(range(1, 13))


@dataclass(frozen=True)
class Correction:
    """An observation that was written down wrong, to be patched after it is there."""

    conversation_id: str
    was: str
    now: str


@dataclass
class Life:
    """What is known and remembered of a person, and what is corrected afterwards."""

    traits: Traits
    observations: list[NewObservation] = field(default_factory=list)
    summaries: list[NewSummary] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)

    def build_record(self) -> Record:
        """All but the corrections, as a line of a memory file has it."""
        record: Record = msgspec.to_builtins(
            {
                "traits": self.traits,
                "observations": self.observations,
                "summaries": self.summaries,
            }
        )
        return record


class StoryWords(dict[str, str]):
    """The words of one story: drawn when first asked for, then kept."""

    def __init__(self, random: Random, slots: dict[str, Any], known: dict[str, str]):
        super().__init__(random.choice(slots.get("together", [{}])) | known)
        self.random = random
        self.slots = slots

    def __missing__(self, name: str) -> str:
        slot = self.slots[name]
        if isinstance(slot, list):
            self[name] = self.random.choice(slot).format_map(self)
        else:
            self[name] = slot["form"].format(
                self.random.randint(slot["from"], slot["to"])
            )
        return self[name]


def build_life(tenant: str, person: Person) -> Life:
    """Everything that happened to one person, the same each time."""
    random = build_random(tenant, person.email, "stories")
    life = Life(person.traits)
    slots = read_toml(tenant, "slots")
    for story, start in _plan_stories(tenant, person, random):
        words = StoryWords(random, slots, person.words)
        for talk in story["talk"]:
            _add_conversation(life, person, talk, start, words, story.get("lang", "en"))
    return life


def _plan_stories(
    tenant: str, person: Person, random: Random
) -> list[tuple[dict[str, Any], datetime]]:
    """The person's stories with the day each begins, oldest first."""
    chosen = [
        (story, _choose_start(story, random))
        for story in _choose_stories(tenant, person, random)
    ]
    busiest = read_toml(tenant, "people").get("busiest", {})
    if busiest.get("email") == person.email:
        by_name = {
            story["name"]: story for story in read_toml(tenant, "stories")["story"]
        }
        for week in range(busiest["times"]):
            story = by_name[random.choice(busiest["stories"])]
            chosen.append((story, ANCHOR - timedelta(weeks=week + 1)))
    return sorted(chosen, key=lambda planned: planned[1])


def _choose_stories(
    tenant: str, person: Person, random: Random
) -> list[dict[str, Any]]:
    """The person's own stories, one in their language, and two or three others."""
    stories = read_toml(tenant, "stories")["story"]
    own = [
        story
        for story in stories
        if story["name"] in person.own_stories or story.get("lang") == person.language
    ]
    others = [s for s in stories if "lang" not in s and not s.get("only")]
    return own + random.sample(others, 2 if own else random.randint(2, 3))


def _choose_start(story: dict[str, Any], random: Random) -> datetime:
    """A day in the story's season, early enough for all of it to have happened."""
    months = SEASONS.get(story.get("season", ""), EVERY_MONTH)
    length = max(talk["day"] for talk in story["talk"])
    days = [ANCHOR - timedelta(days=back) for back in range(length + 2, DAYS_BACK)]
    return random.choice([day for day in days if day.month in months])


def _add_conversation(
    life: Life,
    person: Person,
    talk: dict[str, Any],
    start: datetime,
    words: StoryWords,
    language: str,
) -> None:
    """Add one conversation: its observations, and the summary after them."""
    random = words.random
    day = start + timedelta(days=talk["day"])
    # Days around the conversation, as one says them.
    words["before"] = _format_day(day - timedelta(days=6), language)
    words["soon"] = _format_day(day + timedelta(days=13), language)
    moment = day + timedelta(minutes=random.randint(8 * 60, 20 * 60))
    conversation_id = _build_conversation_id(person, moment)
    source = _choose_text(random, talk["via"])
    observe = partial(NewObservation, source=source, conversation_ids=[conversation_id])
    for note in talk["notes"]:
        moment += timedelta(seconds=random.randint(20, 170))
        content = _fill_note(life, conversation_id, note, words)
        life.observations.append(observe(content=content, occurred_at=moment))
    life.summaries.append(
        NewSummary(
            content=talk["summary"].format_map(words),
            conversation_id=conversation_id,
            occurred_at=moment + timedelta(minutes=2),
            source=source,
        )
    )


def _fill_note(
    life: Life,
    conversation_id: str,
    note: str | list[str] | dict[str, str],
    words: StoryWords,
) -> str:
    """A note's text, at first as it was written down wrong if it was."""
    if not isinstance(note, dict):
        return _choose_text(words.random, note).format_map(words)
    was, now = note["was"].format_map(words), note["now"].format_map(words)
    life.corrections.append(Correction(conversation_id, was, now))
    return was


def _choose_text(random: Random, texts: str | list[str]) -> str:
    return texts if isinstance(texts, str) else random.choice(texts)


def _format_day(day: datetime, language: str) -> str:
    return f"{day.day}.{day.month}." if language == "de" else f"{day.day} {day:%B}"


def _build_conversation_id(person: Person, moment: datetime) -> str:
    """An id of the contract's form, the same each time (section 2)."""
    digest = hashlib.sha256(f"{person.email} {moment}".encode()).hexdigest()
    return f"conv_conversation_0{digest[:25]}"


def list_conversations(tenant: str, people: list[Person]) -> Iterator[bytes]:
    """Lines as `load_conversations` reads them, of those who are among these people."""
    for talk in read_toml(tenant, "conversations")["conversation"]:
        if talk["person"] >= len(people):
            continue
        person, channel = people[talk["person"]], talk["channel"]
        phone = person.traits["Contact"].get("phone", "")
        address = str(phone) if channel == "SMS" and phone else person.email
        sides = [
            ("CUSTOMER", person.first, address),
            ("HUMAN_AGENT", talk["agent"], SHOP),
        ]
        parties = [{"address": at, "channel": channel} for _, _, at in sides]
        record = {
            "participants": [
                {"type": type_, "name": name, "addresses": [party]}
                for (type_, name, _), party in zip(sides, parties, strict=True)
            ],
            "communications": [
                {
                    "author": parties[number % 2],
                    "recipients": [parties[1 - number % 2]],
                    "content": {"type": "TEXT", "text": text},
                    "occurredAt": talk["began"] + timedelta(seconds=47 * number),
                }
                for number, text in enumerate(talk["turns"])
            ],
        }
        yield msgspec.json.encode(record)
