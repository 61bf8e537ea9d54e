"""Two profiles that may be one person, fact by fact."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from console.client.errors import MemoryProblem
from console.client.store import StoreClient
from console.masking.masker import MaskedValue, get_reveal_target, masker_for
from console.profiles.candidates import attempt
from console.profiles.schema import fetch_trait_groups
from console.profiles.traits import build_trait_groups, fold
from console.tenants.actor import Actor

# In the order in which they help to decide.
STATES = {"differs": "Differs", "shared": "The same", "single": "Only one of them has"}


@dataclass(frozen=True, slots=True)
class Held:
    """What one profile has of one fact: `raw` is compared, `values` are shown."""

    raw: frozenset[str] = field(default=frozenset(), repr=False)
    values: tuple[MaskedValue, ...] = ()

    @property
    def target(self) -> MaskedValue | None:
        return get_reveal_target(self.values) if self.values else None


@dataclass(frozen=True, slots=True)
class ComparedProfile:
    """One of the two; without facts where the memory did not answer."""

    id: str
    name: str = field(default="", repr=False)
    known_since: datetime | None = None
    newest_at: datetime | None = None
    facts: dict[str, Held] = field(default_factory=dict)


NOTHING = Held()
LATEST = datetime.max.replace(tzinfo=UTC)


def compare_profiles(
    store: StoreClient, actor: Actor, profiles: Sequence[str]
) -> tuple[list[ComparedProfile], list[tuple[str, list[tuple[str, list[Held]]]]]]:
    """Both sides, and by state each fact with what either has of it."""
    ask = partial(partial, attempt)
    schema, *answers = store.gather(
        ask(fetch_trait_groups, store),
        *[
            call
            for id_ in profiles
            for call in (
                ask(store.fetch_profile, id_),
                ask(store.list_identifiers, id_),
                ask(partial(store.list_observations, page_size=1), id_),
            )
        ],
    )
    sides = [
        _build_side(actor, id_, schema, *answers[3 * place : 3 * place + 3])
        for place, id_ in enumerate(profiles)
    ]
    # The memory keeps the earlier of two that merge.
    sides.sort(key=lambda side: (side.known_since or LATEST, side.id))
    found: dict[str, list[tuple[str, list[Held]]]] = {state: [] for state in STATES}
    for name in dict.fromkeys(name for side in sides for name in side.facts):
        held = [side.facts.get(name, NOTHING) for side in sides]
        found[_get_state(held)].append((name, held))
    return sides, [(STATES[state], rows) for state, rows in found.items() if rows]


def _get_state(held: Sequence[Held]) -> str:
    one, other = (each.raw for each in held)
    if not (one and other):
        return "single"
    return "shared" if one & other else "differs"


def _build_side(
    actor: Actor, profile_id: str, schema: Any, profile: Any, *held: Any
) -> ComparedProfile:
    if any(isinstance(each, MemoryProblem) for each in (schema, profile, *held)):
        # Gone meanwhile, or too slow: the id still leads there.
        return ComparedProfile(profile_id)
    identifiers, newest = held
    masker = masker_for(actor, profile.id)
    facts = {
        each.id_type: Held(
            frozenset(map(fold, each.values)),
            tuple(masker.mask_identifier(each.id_type, each.values)),
        )
        for each in identifiers
        if each.values
    }
    for group in build_trait_groups(schema, profile, masker):
        for row in group.filled:
            # What feeds an identifier stands there already, unless it was refused.
            name = row.id_type or row.subject
            if row.shown and name not in facts:
                shown = row.shown
                if row.look == "boolean":
                    shown = replace(shown, text="yes" if row.value else "no")
                facts[name] = Held(frozenset([fold(row.text)]), (shown,))
    newest_at = newest.items[0].created_at if newest.items else None
    name = masker.mask_name(profile.traits)
    name = name or next(iter(masker.mask_contact(profile.traits, identifiers)), "")
    return ComparedProfile(profile.id, name, profile.created_at, newest_at, facts)
