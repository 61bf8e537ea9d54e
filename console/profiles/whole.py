"""All that is held on one customer: read for the customer, and looked for once erased."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.db import connection

from console.client.errors import MemoryNotFound, MemoryRefused
from console.client.http import Page, all_pages, gather_all
from console.client.store import StoreClient
from console.contract.memory.profile import SEARCH_QUERY_MAX, Profile, SearchProfiles
from console.contract.memory.recall import RECALL_QUERY_MAX
from console.profiles.items import TEXT_KINDS, TextKind
from console.profiles.models import AccessPackage
from console.tenants.models import Tenant
from console.tenants.vault import open_store

# Of a profile's texts so many are asked for by Recall.
TEXTS = 5
Whole = dict[str, list[Any]]


def read_whole(
    store: StoreClient, profile: Profile | str, tell: Callable[[str], object] = str
) -> Whole:
    """The memory's own nouns, by what they are; what a memory does not have is missing.
    Raises MemoryProblem.

    profile  read with its merged ids; or its id
    tell     is told what is being read
    """
    if isinstance(profile, str):
        profile = store.fetch_profile(profile, merged_ids=True)
    id_ = profile.id
    talks, kinds, lacking = store.conversations, TEXT_KINDS.values(), list[str]()

    def list_talks(page_token: str) -> Page[Any]:
        try:
            return talks.list_conversations(profile_id=id_, page_token=page_token)
        except MemoryRefused:
            lacking.append("conversations")
            return Page(())

    tell("traits and texts")
    identifiers, traits, held, *texts = gather_all(
        store.gather,
        [
            lambda page_token: Page(store.list_identifiers(id_)),
            partial(store.list_traits, id_),
            list_talks,
            *[partial(kind.list_page, store, id_) for kind in kinds],
        ],
    )
    whole: Whole = {
        "profile": [profile],
        "identifiers": identifiers,
        "traits": traits,
        **dict(zip([kind.plural for kind in kinds], texts, strict=True)),
    }
    tell("earlier texts and conversations")
    changed = [x for x in whole["observations"] if x.updated_at != x.created_at]
    further: list[Callable[..., Page[Any]]] = [
        *[partial(store.list_revisions, id_, each.id) for each in changed],
        *[partial(talks.list_communications, each.id) for each in held],
    ]
    if not lacking:
        further.append(lambda page_token: talks.list_provenance(id_))
    found = gather_all(store.gather, further)
    # The first revision is the present state (contract 11.4).
    whole["earlier texts"] = [x for one in found[: len(changed)] for x in one[1:]]
    if not lacking:
        *said, sources = found[len(changed) :]
        spoken = list(chain.from_iterable(said))
        whole |= {"conversations": held, "communications": spoken, "sources": sources}
    return whole


@dataclass(frozen=True, slots=True)
class Traces:
    """By what an erased profile could be found again. Its texts and identifiers are for
    the task that erases alone: they are stored nowhere.

    ids    the profile's, and those merged into it
    items  of its observations and summaries
    """

    ids: Sequence[str]
    items: Sequence[tuple[TextKind, str]] = ()
    conversations: Sequence[str] = ()
    identifiers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    texts: Sequence[str] = field(default=(), repr=False)

    @classmethod
    def of(cls, whole: Mapping[str, Sequence[Any]]) -> "Traces":
        [profile] = whole["profile"]
        items = [(x, each) for x in TEXT_KINDS.values() for each in whole[x.plural]]
        return cls(
            ids=(profile.id, *(profile.merged_ids or ())),
            items=[(kind, each.id) for kind, each in items],
            conversations=[each.id for each in whole.get("conversations", ())],
            identifiers=[
                (x.id_type, v) for x in whole["identifiers"] for v in x.values
            ],
            texts=[each.content for _, each in items][:TEXTS],
        )


def find_remains(tenant: Tenant, traces: Traces) -> dict[str, bool]:
    """Whether something is still found, by each path that was tried. Raises
    MemoryProblem where a path does not answer."""
    found: dict[str, bool] = {}
    for path, ask in (
        *_ask_memory(open_store(tenant), traces),
        *_ask_console(tenant, traces),
    ):
        answer = None
        # What is gone, or a memory does not have at all.
        with suppress(MemoryNotFound):
            answer = ask()
        found[path] = found.get(path, False) or bool(answer)
    return found


def _ask_memory(
    store: StoreClient, traces: Traces
) -> Iterator[tuple[str, Callable[[], Any]]]:
    ids, talks = set(traces.ids), store.conversations

    def list_profiles() -> Set[str]:
        held: Iterator[str] = all_pages(store.list_profiles, page_size=1000)
        return ids & set(held)

    def list_talks(id_: str) -> Any:
        return talks.list_conversations(profile_id=id_).items

    yield "list", list_profiles
    for id_ in traces.ids:
        yield "get", partial(store.fetch_profile, id_)
        yield "traits", partial(store.list_traits, id_)
        yield "identifiers", partial(store.list_identifiers, id_)
        yield "provenance", partial(talks.list_provenance, id_)
        yield "conversations", partial(list_talks, id_)
        for kind in TEXT_KINDS.values():
            yield kind.plural, partial(kind.list_page, store, id_)
        for text in traces.texts or ("",):
            recall = partial(store.recall, id_, query=text[:RECALL_QUERY_MAX])
            yield "recall", recall
            yield "trace", partial(recall, trace=True)
    for kind, item_id in traces.items:
        yield kind.plural, partial(kind.fetch, store, traces.ids[0], item_id)
    yield from _ask_whose(store, traces, ids)


def _ask_whose(
    store: StoreClient, traces: Traces, ids: Set[str]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    def look_up(id_type: str, value: str) -> Set[str]:
        return ids & set(store.lookup(id_type, value).profiles or ())

    def search(value: str) -> Set[str]:
        result = store.search(SearchProfiles(query=value[:SEARCH_QUERY_MAX]))
        return ids & set(result.profiles if result else ())

    def take_part(conversation_id: str) -> bool:
        talk = store.conversations.fetch_conversation(conversation_id)
        return any(each.profile_id in ids for each in talk.participants)

    for id_type, value in traces.identifiers:
        yield "lookup", partial(look_up, id_type, value)
        yield "search", partial(search, value)
    for conversation_id in traces.conversations:
        yield "conversations", partial(take_part, conversation_id)


def _ask_console(
    tenant: Tenant, traces: Traces
) -> Iterator[tuple[str, Callable[[], Any]]]:
    def is_cached(id_: str) -> bool:
        cache = caches["derived"]
        if not isinstance(cache, DatabaseCache):
            return False  # gone with its process
        with connection.cursor() as cursor:
            table: str = cache._table  # type: ignore[attr-defined]
            sql = f"SELECT 1 FROM {table} WHERE cache_key LIKE %s"  # noqa: S608
            cursor.execute(sql, [f"%{id_}%"])
            return cursor.fetchone() is not None

    def is_in_sessions(id_: str) -> bool:
        rows = Session.objects.iterator()
        return any(id_ in str(row.get_decoded()) for row in rows)

    for id_ in traces.ids:
        packages = AccessPackage.objects.filter(tenant=tenant, profile_id=id_)
        yield "exports", packages.exists
        yield "caches", partial(is_cached, id_)
        yield "sessions", partial(is_in_sessions, id_)
