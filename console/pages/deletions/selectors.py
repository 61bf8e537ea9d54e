"""What a deletion would take, and which deletions there were."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from django.utils.crypto import salted_hmac

from console.client.errors import MemoryUnexpected
from console.client.paging import Page
from console.client.store import StoreClient
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.observation import Observation
from console.contract.memory.summary import Summary
from console.masking.masker import Masker
from console.pages.deletions.models import Deletion
from console.pages.deletions.targets import Kind, Target
from console.tenants.models import Tenant

T = TypeVar("T")
# 50,000 observations: far above any profile, far below a list that never ends.
MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be lost.

    counts        by plural noun
    inventory     keyed digest of all that was read: another one, another content
    item          the observation or summary itself
    text          what it says, masked: whoever needs it in clear reveals it where it is
    identifiers   of the profile that would go: each type with its masked values
    name          the initials of the customer, when the whole profile would go
    canonical_id  set when the profile was merged into this one: look there instead
    """

    counts: dict[str, int]
    inventory: str
    item: Observation | Summary | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    identifiers: tuple[tuple[str, list[str]], ...] = field(default=(), repr=False)
    name: str = field(default="", repr=False)
    canonical_id: str | None = None


def preview_of(store: StoreClient, target: Target, masker: Masker) -> Preview:
    """Reads all of it, page by page. Raises MemoryNotFound, MemoryProblem."""
    return PREVIEWS[target.kind](store, masker, *target.ids)


def preview_observation(
    store: StoreClient, masker: Masker, profile_id: str, observation_id: str
) -> Preview:
    item = store.fetch_observation(profile_id, observation_id)
    revisions = walk(
        lambda token: store.list_revisions(profile_id, observation_id, page_token=token)
    )
    # The first revision is the present state (contract 11.4).
    earlier = list(revisions)[1:]
    counts = {"observations": 1, "revisions": len(earlier)}
    text = masker.text("observation", item.id, item.content).text
    return Preview(counts, digest_of([item, *earlier]), item=item, text=text)


def preview_summary(
    store: StoreClient, masker: Masker, profile_id: str, summary_id: str
) -> Preview:
    item = store.fetch_summary(profile_id, summary_id)
    text = masker.text("summary", item.id, item.content).text
    return Preview({"summaries": 1}, digest_of([item]), item=item, text=text)


def preview_profile(store: StoreClient, masker: Masker, profile_id: str) -> Preview:
    profile = store.fetch_profile(profile_id)
    if profile.id != profile_id:
        return Preview({}, "", canonical_id=profile.id)
    identifiers = store.list_identifiers(profile_id)
    lists: dict[str, Callable[[str], Page[Any]]] = {
        "traits": lambda token: store.list_traits(profile_id, page_token=token),
        "observations": lambda token: store.list_observations(
            profile_id, page_token=token
        ),
        "summaries": lambda token: store.list_summaries(profile_id, page_token=token),
    }
    held = {name: list(walk(fetch_page)) for name, fetch_page in lists.items()}
    values = sum(len(identifier.values) for identifier in identifiers)
    return Preview(
        {"identifiers": values} | {name: len(items) for name, items in held.items()},
        digest_of(
            [*identifiers, *held["traits"], *held["observations"], *held["summaries"]]
        ),
        identifiers=tuple(masked_identifiers(identifiers, masker)),
        name=masker.name(profile.traits),
    )


def masked_identifiers(
    identifiers: Iterable[IdentifierSet], masker: Masker
) -> Iterator[tuple[str, list[str]]]:
    for each in identifiers:
        shown = masker.identifier(each.id_type, each.values)
        yield each.id_type, [value.text for value in shown]


def walk(fetch_page: Callable[[str], Page[T]]) -> Iterator[T]:
    """Every item of a list. Raises MemoryUnexpected for one that has no end."""
    token, seen = "", set[str]()
    while token not in seen and len(seen) < MAX_PAGES:
        seen.add(token)
        page = fetch_page(token)
        yield from page.items
        if not page.next_token:
            return
        token = page.next_token
    raise MemoryUnexpected(
        "The memory's list of what would be lost has no end. Nothing was deleted."
    )


PREVIEWS: dict[Kind, Callable[..., Preview]] = {
    Kind.OBSERVATION: preview_observation,
    Kind.SUMMARY: preview_summary,
    Kind.PROFILE: preview_profile,
}


def digest_of(items: list[Any]) -> str:
    """Keyed, so that the page that carries it gives nothing away."""
    content = msgspec.json.encode(items, order="deterministic")
    key = "console.pages.deletions.selectors.digest_of"
    return salted_hmac(key, content, algorithm="sha256").hexdigest()


def standing_deletion(tenant: Tenant, target: Target) -> Deletion | None:
    """The attempt that makes another one needless: still open, or done."""
    return (
        Deletion.objects.of(tenant)
        .on(target)
        .exclude(state=Deletion.State.FAILED)
        .order_by("-created_at", "id")
        .first()
    )
