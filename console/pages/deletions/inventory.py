"""What a deletion would take along, counted and made into a digest."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.utils.crypto import salted_hmac

from console.client.errors import MemoryNotFound, MemoryRefused
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary
from console.masking.masker import Masker, masker_for
from console.pages.deletions.models import Target
from console.profiles.items import OBSERVATION, TEXT_KINDS, TextKind
from console.tenants.actor import Actor
from console.tenants.vault import open_store


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be deleted.

    counts        by plural noun
    inventory     keyed digest of all that was read: it changes with the content
    item          the observation or summary itself
    text, source  of it, masked: whoever needs them in clear reveals it on its page
    identifiers   of a whole profile: each type with its masked values
    name          the initials of the customer, for a whole profile
    """

    counts: dict[str, int]
    inventory: str
    item: Observation | Summary | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    source: str = field(default="", repr=False)
    identifiers: tuple[tuple[str, list[str]], ...] = field(default=(), repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that a deletion would take now, merges followed.

    targets   as they are now: others than those asked for after a merge
    previews  of those that are still there
    digest    keyed, of all that was read
    """

    targets: list[Target]
    previews: list[Preview]
    counts: dict[str, int]
    digest: str


def take_inventory(targets: Sequence[Target], by: Actor) -> Inventory:
    """Reads all of it, page by page. Raises MemoryNotFound where nothing is left,
    MemoryProblem."""
    tenant = by.in_tenant()[1]
    store, counts = open_store(tenant), Counter[str]()
    profile_id = store.fetch_profile(targets[0].profile_id).id
    masker = masker_for(by, profile_id).by_rule
    moved = [target.move_to(profile_id) for target in targets]
    previews = []
    for target in moved:
        try:
            previews.append(_build_preview(store, target, masker))
        except MemoryNotFound:
            if len(moved) == 1:
                raise
        else:
            counts.update(previews[-1].counts)
    if moved[0].is_profile:
        counts["cases"] = tenant.recall_cases.filter(profile_id=profile_id).count()
    ids = [target.object_id for target in moved]
    digest = _get_digest([ids, [preview.inventory for preview in previews]])
    return Inventory(moved, previews, dict(counts), digest)


def _build_preview(store: StoreClient, target: Target, masker: Masker) -> Preview:
    if isinstance(target.kind, TextKind):
        return _preview_text(store, masker, target.kind, *target.ids)
    return _preview_profile(store, masker, target.profile_id)


def _preview_text(
    store: StoreClient, masker: Masker, kind: TextKind, profile_id: str, item_id: str
) -> Preview:
    item = kind.fetch(store, profile_id, item_id)
    counts, earlier = {kind.plural: 1}, []
    if list_revisions := kind.list_revisions:
        revisions = all_pages(list_revisions, store, profile_id, item_id)
        # The first revision is the present state (contract 11.4).
        earlier = list(revisions)[1:]
        counts["revisions"] = len(earlier)
    text = masker.mask_text(kind.name, item.id, item.content).text
    source = masker.mask_source(item.source).text
    digest = _get_digest([item, *earlier])
    return Preview(counts, digest, item=item, text=text, source=source)


def _preview_profile(store: StoreClient, masker: Masker, profile_id: str) -> Preview:
    profile = store.fetch_profile(profile_id, merged_ids=True)
    identifiers = store.list_identifiers(profile_id)
    items: dict[str, list[Any]] = {
        "aliases": list(profile.merged_ids or ()),
        "identifiers": [
            (held.id_type, value) for held in identifiers for value in held.values
        ],
        "traits": list(all_pages(StoreClient.list_traits, store, profile_id)),
        **{
            kind.plural: list(all_pages(kind.list_page, store, profile_id))
            for kind in TEXT_KINDS.values()
        },
        **_list_traces(store, profile_id),
    }
    items["revisions"] = _list_earlier(store, profile_id, items[OBSERVATION.plural])
    return Preview(
        {"profiles": 1} | {name: len(found) for name, found in items.items()},
        _get_digest([profile_id, *items.values()]),
        identifiers=tuple(
            (held.id_type, [shown.text for shown in masked])
            for held in identifiers
            if (masked := masker.mask_identifier(held.id_type, held.values))
        ),
        name=masker.mask_name(profile.traits),
    )


def _list_earlier(
    store: StoreClient, profile_id: str, observations: list[Observation]
) -> list[Any]:
    """What corrected observations said before. Those that nobody touched have none."""
    return [
        revision
        for item in observations
        if item.updated_at != item.created_at
        for revision in list(
            all_pages(StoreClient.list_revisions, store, profile_id, item.id)
        )[1:]
    ]


def _list_traces(store: StoreClient, profile_id: str) -> dict[str, list[Any]]:
    """Where else a profile stands, by ids; nothing where a memory does not tell."""
    talks, found = store.conversations, dict[str, list[Any]]()
    with suppress(MemoryRefused):
        held = all_pages(talks.list_conversations, profile_id=profile_id)
        found["conversations"] = sorted(each.id for each in held)
    with suppress(MemoryRefused):
        taught = talks.list_provenance(profile_id).items
        found["sources"] = sorted(each.id for each in taught)
    with suppress(MemoryRefused):
        suggested = all_pages(store.list_merge_suggestions)
        found["suggestions"] = sorted(
            each.id for each in suggested if profile_id in each.profiles
        )
    return found


def _get_digest(items: list[Any]) -> str:
    """Keyed, so that the page that carries it reveals nothing."""
    content = msgspec.json.encode(items, order="deterministic")
    key = "deletions.inventory"
    return salted_hmac(key, content, algorithm="sha256").hexdigest()
