"""What the doctor reads, once, before it judges: few calls, those that do not need each
other at the same time. A call that fails is kept as its problem, and whatever asks for
its answer cannot tell."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar, cast

from django.utils import timezone

from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.conversations import configuration as wire
from console.contract.conversations.communication import Communication
from console.contract.conversations.conversation import Conversation, Participant
from console.contract.conversations.delivery import Delivery, Diagnostic
from console.contract.conversations.learning import Learned, Transition
from console.contract.ids import CONVERSATION_ID
from console.contract.memory.identity_settings import IdentitySettings
from console.contract.memory.observation import Observation
from console.contract.memory.recall import RECALL_QUERY_MAX
from console.contract.memory.store import Store
from console.contract.memory.summary import Summary
from console.contract.memory.trait_group import TraitGroup
from console.profiles.identity import Match, find_identity
from console.tenants.models import Tenant
from console.tenants.vault import open_account, open_store

T = TypeVar("T")
RECENT, ITEMS = 50, 100
# Of one account more stores are not compared by name.
STORES = 20


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """An answer; called it gives it, or raises the MemoryProblem in its place."""

    value: T | None = None
    problem: MemoryProblem | None = None

    def __call__(self) -> T:
        if self.problem:
            raise self.problem
        return cast("T", self.value)

    @property
    def is_missing(self) -> bool:
        return isinstance(self.problem, MemoryNotFound)


NOTHING: Read[Any] = Read(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of one tenant, and of the conversation that is followed through all hops.

    is_linked       whether anything is to be: the plan of a client may say no
    store_ids       of the account; stores: the other ones of it
    configurations  of the account, whichever store they name
    recent          the store's newest conversations
    asked           for whom or what; is_foreign: a conversation that is not this store's
    match           the profiles of whom was asked for
    subject         what is followed; None: there is none
    profiles        by the customer's profile id as the conversation has it: the id that
                    answers, "" for none
    by_conversation, by_text  what Recall gives for the conversation, and for the text of
                    its first observation
    """

    now: datetime
    store_id: str
    is_linked: bool
    store: Read[Store]
    store_ids: Read[Sequence[str]]
    stores: Read[Sequence[Store]] = NOTHING
    configurations: Read[Sequence[wire.Configuration]]
    knowledge: Read[Any] = NOTHING
    groups: Read[Sequence[TraitGroup]]
    identity: Read[IdentitySettings]
    recent: Read[Sequence[Conversation]]
    asked: str = field(default="", repr=False)
    is_foreign: bool = False
    match: Read[Match] = Read(Match())
    subject: Read[Conversation | None] = Read(None)
    turns: Read[Sequence[Communication]] = NOTHING
    transitions: Read[Sequence[Transition]] = NOTHING
    diagnostics: Read[Sequence[Diagnostic]] = NOTHING
    learned: Read[Sequence[Learned]] = NOTHING
    deliveries: Read[Sequence[Delivery]] = NOTHING
    profiles: Read[dict[str, str]] = Read({})
    observations: Read[Sequence[Observation]] = NOTHING
    summaries: Read[Sequence[Summary]] = NOTHING
    by_conversation: Read[Sequence[Observation]] = NOTHING
    by_text: Read[Sequence[Observation]] = NOTHING

    @property
    def talk(self) -> Conversation:
        """The subject, where there is one."""
        return cast("Conversation", self.subject())

    @property
    def talks(self) -> Sequence[Conversation]:
        return (self.talk,) if self.asked and self.subject() else self.recent()

    @property
    def customers(self) -> Sequence[Participant]:
        people = self.talk.participants if self.subject() else ()
        return [each for each in people if each.type == "CUSTOMER"]

    @property
    def linked(self) -> Sequence[wire.ConversationSettings]:
        """The asked conversation's configuration, or all that name the store; where
        conversations bring their own, the newest one's."""
        found = [x for x in self.configurations() if x.memory_store_id == self.store_id]
        if self.asked and self.subject():
            found = [each for each in found if each.id == self.talk.configuration_id]
        inline = [x.configuration for x in self.talks if not x.configuration_id]
        return found or [each for each in inline[:1] if each]

    def list_pinned(
        self, settings: wire.ConversationSettings, status: str = ""
    ) -> Sequence[wire.ConversationSettings]:
        """What conversations that began with it have kept of it."""
        id_ = getattr(settings, "id", None)
        found = [x for x in self.talks if status in {"", x.status}]
        kept = (x.configuration for x in found if x.configuration_id == id_)
        return [each for each in kept if each]


def gather_evidence(tenant: Tenant, asked: str = "") -> Evidence:
    """asked  a conversation's id; or a profile's id or an address, for the newest
            conversation of theirs
    Raises VaultLocked, CredentialTampered."""
    account, store = open_account(tenant), open_store(tenant)
    is_conversation = bool(CONVERSATION_ID.fullmatch(asked))
    is_linked = not hasattr(tenant, "onboarding") or tenant.onboarding.links
    found = _read_all(
        store,
        store=lambda: account.fetch_store(store.store_id),
        store_ids=lambda: tuple(all_pages(account.list_stores)),
        configurations=lambda: tuple(all_pages(account.list_configurations)),
        knowledge=account.knowledge.list_bases,
        groups=lambda: tuple(all_pages(store.list_trait_groups)),
        identity=store.identity_settings,
        recent=lambda: store.conversations.list_conversations(page_size=RECENT).items,
    )
    if not is_linked:  # such a memory needs no conversations
        lacking = {k for k in ("configurations", "recent") if found[k].is_missing}
        found |= dict.fromkeys(lacking, NOTHING)
    others = [x for x in found["store_ids"].value or () if x != store.store_id]
    calls = {each: partial(account.fetch_store, each) for each in others[:STORES]}
    names = _read_all(store, **calls).values()
    subject: Read[Any] = Read(None)
    match = Read(Match())
    if is_conversation:
        subject = read(lambda: store.conversations.fetch_conversation(asked))
    elif asked:
        match = read(lambda: find_identity(tenant, asked))
    e = Evidence(
        now=timezone.now(),
        store_id=store.store_id,
        is_linked=is_linked,
        # All of them, or the first problem.
        stores=read(lambda: tuple(each() for each in names)),
        asked=asked,
        is_foreign=subject.is_missing,
        match=match,
        subject=Read(None) if subject.is_missing else subject,
        **found,
    )
    if not is_conversation:
        e = replace(e, subject=read(lambda: _choose(store, e)))
    return _follow(store, e) if e.subject.value else e


def read(call: Callable[[], Any]) -> Read[Any]:
    try:
        return Read(call())
    except MemoryProblem as problem:
        return Read(problem=problem)


def _read_all(client: StoreClient, /, **calls: Callable[[], Any]) -> dict[str, Any]:
    made = [partial(read, call) for call in calls.values()]
    # Of a memory that has failed several times nothing more is asked at all.
    answers = read(lambda: client.gather(*made))
    silent: list[Read[Any]] = [Read(problem=answers.problem)] * len(made)
    return dict(zip(calls, answers.value or silent, strict=True))


def _choose(store: StoreClient, e: Evidence) -> Conversation | None:
    """The newest one of whom was asked for; else a recent one from which something
    should have been learned."""

    def rank(talk: Conversation) -> tuple[bool, ...]:
        is_open = talk.status != "CLOSED"
        return (not talk.configuration_id, is_open, not talk.communication_count)

    if not e.asked:
        return min(e.recent(), key=rank, default=None)
    ids, found = e.match().profiles, e.recent()
    if ids:
        page = store.conversations.list_conversations(profile_id=ids[0])
        # Theirs may have begun before they had a profile.
        found = page.items or found
    for talk in found:
        addresses = {x.address for each in talk.participants for x in each.addresses}
        if e.asked in addresses or {x.profile_id for x in talk.participants} & {*ids}:
            return talk
    return None


def _follow(store: StoreClient, e: Evidence) -> Evidence:
    id_, client = e.talk.id, store.conversations
    ids = list(dict.fromkeys(x.profile_id for x in e.customers if x.profile_id))
    found = _read_all(
        store,
        turns=lambda: client.list_communications(id_).items,
        transitions=lambda: client.list_transitions(id_).items,
        diagnostics=lambda: client.list_diagnostics(id_).items,
        learned=lambda: client.list_learned(id_).items,
        deliveries=lambda: client.list_deliveries(id_).items,
        profiles=lambda: {each: _find_profile(store, each) for each in ids},
        observations=lambda: _list_items(store.list_observations, ids, id_),
        summaries=lambda: _list_items(store.list_summaries, ids, id_),
    )
    e = replace(e, **found)
    if not e.observations.value:
        return e
    query = e.observations.value[0].content[:RECALL_QUERY_MAX]
    found = _read_all(
        store,
        by_conversation=lambda: _recall(store, ids, conversation_id=id_),
        by_text=lambda: _recall(store, ids, query=query),
    )
    return replace(e, **found)


def _recall(store: StoreClient, ids: Iterable[str], **asked: Any) -> Sequence[Any]:
    return [x for each in ids for x in store.recall(each, **asked).observations]


def _find_profile(store: StoreClient, profile_id: str) -> str:
    try:
        return store.fetch_profile(profile_id, trait_groups=["Contact"]).id
    except MemoryNotFound:
        return ""


def _list_items(
    list_page: Callable[..., Any], profile_ids: Iterable[str], conversation_id: str
) -> Sequence[Any]:
    """A memory that cannot filter by conversation answers its newest ones."""
    of = {"conversation_id": conversation_id, "page_size": ITEMS}
    return [
        item
        for profile_id in profile_ids
        for item in list_page(profile_id, **of).items
        if conversation_id in item.conversations
    ]
