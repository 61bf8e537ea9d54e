"""What a deletion would remove, and whether one exists already."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import msgspec
from django.utils.crypto import salted_hmac

from console.client.errors import MemoryUnexpected
from console.client.http import Page
from console.client.store import StoreClient
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary
from console.masking.masker import Masker
from console.pages.deletions.models import Deletion, Target
from console.profiles.items import TEXT_KINDS, TextKind
from console.tenants.models import Tenant

T = TypeVar("T")
# 50,000 observations: far above any profile, far below a list that never ends.
MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be deleted.

    counts        by plural noun
    inventory     keyed digest of all that was read: it changes with the content
    item          the observation or summary itself
    text, source  of it, masked: whoever needs them in clear reveals it on its page
    identifiers   of a whole profile: each type with its masked values
    name          the initials of the customer, for a whole profile
    canonical_id  set when the profile was merged into this one: look there instead
    """

    counts: dict[str, int]
    inventory: str
    item: Observation | Summary | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    source: str = field(default="", repr=False)
    identifiers: tuple[tuple[str, list[str]], ...] = field(default=(), repr=False)
    name: str = field(default="", repr=False)
    canonical_id: str | None = None


def build_preview(store: StoreClient, target: Target, masker: Masker) -> Preview:
    """Reads all of it, page by page. Raises MemoryNotFound, MemoryProblem."""
    if isinstance(target.kind, TextKind):
        return _preview_text(store, masker, target.kind, *target.ids)
    return _preview_profile(store, masker, target.profile_id)


def _preview_text(
    store: StoreClient, masker: Masker, kind: TextKind, profile_id: str, item_id: str
) -> Preview:
    item = kind.fetch(store, profile_id, item_id)
    counts, earlier = {kind.plural: 1}, []
    if list_revisions := kind.list_revisions:
        revisions = read_all(partial(list_revisions, store, profile_id, item_id))
        # The first revision is the present state (contract 11.4).
        earlier = list(revisions)[1:]
        counts["revisions"] = len(earlier)
    text = masker.mask_text(kind.name, item.id, item.content).text
    source = masker.mask_source(item.source).text
    digest = _get_digest([item, *earlier])
    return Preview(counts, digest, item=item, text=text, source=source)


def _preview_profile(store: StoreClient, masker: Masker, profile_id: str) -> Preview:
    profile = store.fetch_profile(profile_id)
    if profile.id != profile_id:
        return Preview({}, "", canonical_id=profile.id)
    identifiers = store.list_identifiers(profile_id)
    lists = {"traits": StoreClient.list_traits} | {
        kind.plural: kind.list_page for kind in TEXT_KINDS.values()
    }
    items = {
        name: list(read_all(partial(list_page, store, profile_id)))
        for name, list_page in lists.items()
    }
    values = sum(len(identifier.values) for identifier in identifiers)
    counts = {name: len(found) for name, found in items.items()}
    return Preview(
        {"identifiers": values} | counts,
        _get_digest([*identifiers, *chain.from_iterable(items.values())]),
        identifiers=tuple(
            (held.id_type, [shown.text for shown in masked])
            for held in identifiers
            if (masked := masker.mask_identifier(held.id_type, held.values))
        ),
        name=masker.mask_name(profile.traits),
    )


def read_all(fetch_page: Callable[..., Page[T]]) -> Iterator[T]:
    """Every item of a list; `fetch_page` takes `page_token`.

    Raises MemoryUnexpected for a list that has no end.
    """
    token, seen = "", set[str]()
    while token not in seen and len(seen) < MAX_PAGES:
        seen.add(token)
        page = fetch_page(page_token=token)
        yield from page.items
        if not page.next_token:
            return
        token = page.next_token
    raise MemoryUnexpected(
        "The memory's list of what would be deleted has no end. Nothing was deleted."
    )


def _get_digest(items: list[Any]) -> str:
    """Keyed, so that the page that carries it reveals nothing."""
    content = msgspec.json.encode(items, order="deterministic")
    key = "deletions.inventory"
    return salted_hmac(key, content, algorithm="sha256").hexdigest()


def find_standing_deletion(tenant: Tenant, target: Target) -> Deletion | None:
    """The attempt that makes another one unnecessary: still open, or done for good."""
    return (
        Deletion.objects.of(tenant)
        .on(target)
        .exclude(state__in=[Deletion.State.FAILED, Deletion.State.RETURNED])
        .order_by("-created_at", "id")
        .first()
    )
