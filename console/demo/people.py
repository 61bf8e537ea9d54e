"""The fictional customers of the demo tenants, the same ones every time.

`demo/<tenant>/people.toml` names them and what may be known of them; the stories
that happened to them are in `stories.toml` beside it (stories.py).
"""

import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from console.contract.memory.trait import TraitValue
from console.contract.memory.trait_group import CreateTraitGroup, NewTraitDefinition

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
