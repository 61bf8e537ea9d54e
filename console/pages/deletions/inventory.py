"""What a deletion would take along, counted and made into a digest."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from django.utils.crypto import salted_hmac

from console.client.errors import MemoryNotFound, MemoryRefused
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory.merge import MergeSuggestion
from console.contract.memory.observation import Observation
from console.contract.memory.profile import Profile
from console.contract.memory.summary import Summary
from console.masking.masker import Masker, masker_for
from console.pages.deletions.models import Target
from console.profiles.items import TextKind
from console.profiles.whole import read_whole
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
    first = targets[0]
    fetch = partial(store.fetch_profile, first.profile_id, merged_ids=first.is_profile)
    if first.is_profile:
        profile, suggested = store.gather(fetch, partial(_list_suggestions, store))
    else:
        profile, suggested = fetch(), None
    profile_id = profile.id
    masker = masker_for(by, profile_id).by_rule
    moved = [target.move_to(profile_id) for target in targets]
    previews = []
    for target in moved:
        try:
            if isinstance(target.kind, TextKind):
                preview = _preview_text(store, masker, target.kind, *target.ids)
            else:
                preview = _preview_profile(store, masker, profile, suggested)
            previews.append(preview)
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


def _list_suggestions(store: StoreClient) -> list[MergeSuggestion] | None:
    """None of a memory without any."""
    with suppress(MemoryRefused):
        return list(all_pages(store.list_merge_suggestions))
    return None


def _preview_profile(
    store: StoreClient,
    masker: Masker,
    profile: Profile,
    suggested: Sequence[MergeSuggestion] | None,
) -> Preview:
    whole, profile_id = read_whole(store, profile), profile.id
    del whole["profile"]
    if suggested is not None:
        whole["suggestions"] = [x for x in suggested if profile_id in x.profiles]
    aliases = list(profile.merged_ids or ())
    # Of these the ids alone: a conversation's status changes as time goes by.
    passing = ("conversations", "communications", "sources", "suggestions")
    ids = [sorted(each.id for each in whole.get(name, ())) for name in passing]
    lasting = [found for name, found in whole.items() if name not in passing]
    counts = {name.replace(" ", "_"): len(found) for name, found in whole.items()}
    counts["identifiers"] = sum(len(held.values) for held in whole["identifiers"])
    return Preview(
        {"profiles": 1, "aliases": len(aliases), **counts},
        _get_digest([profile_id, aliases, ids, lasting]),
        identifiers=tuple(
            (held.id_type, [shown.text for shown in masked])
            for held in whole["identifiers"]
            if (masked := masker.mask_identifier(held.id_type, held.values))
        ),
        name=masker.mask_name(profile.traits),
    )


def _get_digest(items: list[Any]) -> str:
    """Keyed, so that the page that carries it reveals nothing."""
    content = msgspec.json.encode(items, order="deterministic")
    key = "deletions.inventory"
    return salted_hmac(key, content, algorithm="sha256").hexdigest()
