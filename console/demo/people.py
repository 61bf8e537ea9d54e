"""The fictional customers of the demo tenants, the same ones every time.

`demo/<tenant>/people.toml` names them and what a CRM knows of them; what they say is in
`stories.toml` beside it. A story is a few conversations with days between them; its
braces are filled once for each person it happens to, so that an order keeps its number
to the end. Nobody writes down what is remembered: the memory learns it from what they
say.
"""

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from console.contract.memory.trait import TraitValue
from console.contract.memory.trait_group import CreateTraitGroup, NewTraitDefinition

SHOP = {"phone": "+15550001000", "email": "help@shop.example"}
Traits = dict[str, dict[str, TraitValue]]


@dataclass(frozen=True)
class Person:
    """A customer. `words` are the texts that their stories may name."""

    first: str
    email: str
    phone: str
    language: str
    own_stories: tuple[str, ...]
    traits: Traits
    words: dict[str, str]


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
    contact: dict[str, TraitValue] = {
        "firstName": first,
        "lastName": last,
        "email": email,
        "phone": phone,
        "city": city,
        "country": country,
        "preferredLanguage": language,
    }
    traits: Traits = {"Contact": contact}
    words = {"first": first, "city": city}
    for group, known in page["groups"].items():
        for name, how in known["traits"].items():
            value = _draw_value(random, how)
            if isinstance(value, str):
                words[name] = value
            if random.random() >= how.get("unset", 0):
                traits.setdefault(group, {})[name] = value
    return Person(first, email, phone, language, own_stories, traits, words)


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


def list_conversations(tenant: str, people: Mapping[str, Person]) -> list[bytes]:
    """Lines as `load_conversations` reads them, the earliest first.

    people  by the id of their profile
    """
    records = [
        record
        for profile_id, person in people.items()
        for record in _tell_stories(tenant, person, profile_id)
    ]
    records.sort(key=lambda record: record["communications"][0]["occurredAt"])
    return [msgspec.json.encode(record) for record in records]


def _tell_stories(
    tenant: str, person: Person, profile_id: str
) -> Iterator[dict[str, Any]]:
    page, random = read_toml(tenant, "stories"), build_random(tenant, person.email)
    for story in _choose_stories(page["story"], person, random):
        for start in _choose_starts(story, random):
            words = StoryWords(random, page["slots"], person.words)
            for talk in story["talk"]:
                language = story.get("lang", "en")
                yield _hold_talk(person, profile_id, talk, start, words, language)


def _choose_stories(
    stories: list[dict[str, Any]], person: Person, random: Random
) -> list[dict[str, Any]]:
    """The person's own stories, one in their language, and others."""
    own = [
        story
        for story in stories
        if story["name"] in person.own_stories or story.get("lang") == person.language
    ]
    others = [s for s in stories if "lang" not in s and not s.get("only")]
    return own + random.sample(others, 1 if own else 2)


def _choose_starts(story: dict[str, Any], random: Random) -> list[datetime]:
    """A day in the story's season, early enough for all of it to have happened; or the
    same one of each week."""
    if weeks := story.get("weeks"):
        return [ANCHOR - timedelta(weeks=week + 1) for week in range(weeks)]
    months = SEASONS.get(story.get("season", ""), EVERY_MONTH)
    length = max(talk["day"] for talk in story["talk"])
    days = [ANCHOR - timedelta(days=back) for back in range(length + 2, DAYS_BACK)]
    return [random.choice([day for day in days if day.month in months])]


def _hold_talk(
    person: Person,
    profile_id: str,
    talk: dict[str, Any],
    start: datetime,
    words: StoryWords,
    language: str,
) -> dict[str, Any]:
    """One conversation, from what was said in which order."""
    random, day = words.random, start + timedelta(days=talk["day"])
    # Days around the conversation, as one says them.
    words["before"] = _format_day(day - timedelta(days=6), language)
    words["soon"] = _format_day(day + timedelta(days=13), language)
    channel = _choose(random, talk["via"]).upper()
    kind = "phone" if channel in {"SMS", "VOICE"} else "email"
    ends = (getattr(person, kind).replace(" ", ""), SHOP[kind])
    customer, agent = ({"address": at, "channel": channel} for at in ends)
    said, moment = [], day + timedelta(minutes=random.randint(8 * 60, 20 * 60))
    for turn in _repeat(talk, words):
        moment += timedelta(seconds=random.randint(20, 170))
        for text in _say(turn, words):
            # What was heard wrong is corrected by the same id.
            sides = [agent, customer] if text.startswith("> ") else [customer, agent]
            said.append(
                {
                    "author": sides[0],
                    "recipients": sides[1:],
                    "content": {"type": "TEXT", "text": text.removeprefix("> ")},
                    "occurredAt": moment,
                }
                | ({"resourceId": f"{moment}"} if isinstance(turn, dict) else {})
            )
    participants: list[dict[str, Any]] = [
        {"type": "CUSTOMER", "name": person.first, "profileId": profile_id}
        | {"addresses": [customer]},
        {"type": "HUMAN_AGENT", "name": words["agent"], "addresses": [agent]},
    ]
    return {"participants": participants, "communications": said}


def _repeat(talk: dict[str, Any], words: StoryWords) -> Iterator[Any]:
    """Its turns; of one that goes on about the like, each time with other words."""
    known = dict(words)
    for _ in range(talk.get("repeat", 1)):
        yield from talk["turns"]
        if "repeat" in talk:
            words.clear()
            words.update(known)


def _say(turn: str | list[str] | dict[str, str], words: StoryWords) -> list[str]:
    if isinstance(turn, dict):
        return [text.format_map(words) for text in (turn["was"], turn["now"])]
    return [_choose(words.random, turn).format_map(words)]


def _choose(random: Random, texts: str | list[str]) -> str:
    return texts if isinstance(texts, str) else random.choice(texts)


def _format_day(day: datetime, language: str) -> str:
    return f"{day.day}.{day.month}." if language == "de" else f"{day.day} {day:%B}"
