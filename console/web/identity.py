"""Who is meant by `email:a@b.com`: reading an identity and finding its profile."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from console.client.errors import MemoryRefused
from console.client.store import StoreClient
from console.core.ids import PROFILE_ID

_TYPED = re.compile(r"\s*(?P<type>[A-Za-z0-9_-]{0,64})\s*:(?P<value>.*)", re.DOTALL)
VALUE_MAX = 255
NAME_TRAITS = (("firstName", "lastName"), ("name",))


@dataclass(frozen=True, slots=True)
class Match:
    """What an identity led to.

    id_type   the type that was asked for; "" for a profile id
    profiles  ids of the profiles that hold it: none, one or several
    problem   why nothing could be asked, in words; "" when it was
    """

    id_type: str = ""
    profiles: tuple[str, ...] = ()
    problem: str = ""

    @property
    def profile_id(self) -> str:
        """The one profile that was meant; "" when it was none or several."""
        return self.profiles[0] if len(self.profiles) == 1 else ""


def find_identity(store: StoreClient, text: str) -> Match:
    """The profiles that `type:value`, or a profile id, means in this store."""
    text = text.strip()
    if PROFILE_ID.fullmatch(text):
        return Match(profiles=(text,))
    typed = _TYPED.fullmatch(text)
    if not typed:
        return Match(
            problem="Write what it is and a colon first, such as email:… or phone:…,"
            " or paste a whole profile id."
        )
    wanted, value = typed["type"], typed["value"].strip()
    known = _types_of(store)
    id_type = known.get(wanted.casefold())
    if id_type is None:
        named = (
            f"The type “{wanted}” is unknown here" if wanted else "A type is missing"
        )
        return Match(
            problem=f"{named}. This store knows {_in_words(sorted(known.values()))}."
        )
    return _look_up(store, id_type, value)


def _look_up(store: StoreClient, id_type: str, value: str) -> Match:
    if not value:
        return Match(id_type, problem=f"Write the {id_type} after the colon.")
    if len(value) > VALUE_MAX or not value.isprintable():
        return Match(
            id_type,
            problem=f"A {id_type} has at most {VALUE_MAX} characters, all of them"
            " visible.",
        )
    try:
        found = store.lookup(id_type, value)
    except MemoryRefused as exc:
        if exc.http_status == 400:
            return Match(id_type, problem=f"The memory cannot read this {id_type}.")
        if exc.http_status != 404:
            raise
        return Match(id_type)
    return Match(id_type, profiles=found.profiles)


def _types_of(store: StoreClient) -> dict[str, str]:
    """The store's identifier types by their case-folded names."""
    configs = store.identity_settings().identifier_configs
    return {config.id_type.casefold(): config.id_type for config in configs}


def _in_words(names: list[str]) -> str:
    *rest, last = names or ["no types"]
    return f"{', '.join(rest)} and {last}" if rest else last


def name_of(traits: Mapping[str, Mapping[str, object]]) -> str:
    """How a customer is called, by the traits that hold names; "" when none does."""
    for names in NAME_TRAITS:
        for group in traits.values():
            parts = [str(group[name]) for name in names if group.get(name)]
            if parts:
                return " ".join(parts)
    return ""
