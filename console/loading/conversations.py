"""Loading conversations into a memory, once each, so that it learns from them.

A line is a JSON object with `participants` and `communications` in the contract's field
names (docs/conversations.md, sections 9 and 10), and `name` and `metadata` if it has
them. Each conversation is closed when it is loaded; what was said keeps its times.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from msgspec.structs import replace

from console.audit.log import log
from console.client.conversations import ConversationsClient
from console.client.errors import (
    MemoryBusy,
    MemoryConflict,
    MemoryDenied,
    MemoryNotFound,
    MemoryRefused,
)
from console.client.http import all_pages
from console.contract.conversations.communication import CreateCommunication
from console.contract.conversations.configuration import (
    CONFIGURATION_NAME_MAX,
    CreateConfiguration,
)
from console.contract.conversations.conversation import (
    Conversation,
    CreateConversation,
    CreateParticipant,
    PatchConversation,
)
from console.loading.models import LoadedParts
from console.loading.records import LineRefused, parse_item, parse_line
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store

CONFIGURATION = "loaded"
# In a conversation's metadata: which line it is of, for a run that was interrupted.
LOADED_FROM = "loadedFrom"


@dataclass
class ConversationReport:
    """What a run did; `communications` of those that it loaded."""

    loaded: int = 0
    already_there: int = 0
    communications: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """key  of its content: the same line again is the same conversation"""

    key: str
    participants: list[CreateParticipant]
    communications: list[CreateCommunication]
    name: str
    metadata: dict[str, str]


def load_conversations(
    tenant: Tenant,
    lines: Iterable[tuple[int, bytes]],
    *,
    tell: Callable[[str], object],
) -> ConversationReport:
    """Load numbered lines; blank ones are passed over, refused ones told by line and
    field. One audit entry, however the run ends. Raises MemoryProblem."""
    store, report = open_store(tenant), ConversationReport()
    loaded = LoadedParts(store.store_id, "conversations")
    outcome = "failed"
    try:
        configuration_id = _get_configuration(store.conversations)
        for number, raw in lines:
            if raw.strip():
                try:
                    line = _parse(raw)
                    _load(store.conversations, configuration_id, line, loaded, report)
                except LineRefused as exc:
                    report.refused += 1
                    tell(f"line {number}: {exc}")
        outcome = "done"
    finally:
        counts = asdict(report)
        log(Actor(None, tenant), "memory.loaded", outcome=outcome, **counts)
    return report


def _get_configuration(client: ConversationsClient) -> str:
    """One that learns and never closes by itself, made if there is none."""
    name = f"{CONFIGURATION}-{client.store_id[-8:]}"[:CONFIGURATION_NAME_MAX]
    for each in all_pages(client.list_configurations):
        if each.display_name == name:
            return each.id
    return client.create_configuration(
        CreateConfiguration(
            display_name=name,
            description="Conversations from files",
            conversation_grouping_type="GROUP_BY_PARTICIPANT_ADDRESSES",
            memory_store_id=client.store_id,
            memory_extraction_enabled=True,
        )
    )


def _parse(raw: bytes) -> Line:
    """Raises LineRefused."""
    lists = {"participants": list, "communications": list}
    record = parse_line(raw, **lists, name=object, metadata=object)
    head: Any = {k: v for k, v in record.items() if k in {"name", "metadata"}}
    named = parse_item("conversation", head, CreateConversation)
    participants = _parse_all(record, "participants", CreateParticipant)
    communications = _parse_all(record, "communications", CreateCommunication)
    if not communications:
        raise LineRefused("communications: at least one is required")
    for index, each in enumerate(communications):
        if each.occurred_at is None:
            raise LineRefused(f"communications[{index}].occurredAt: required")
    return Line(
        key=hashlib.sha256(raw.strip()).hexdigest()[:32],
        participants=participants,
        communications=communications,
        name=named.name,
        metadata=named.metadata,
    )


def _parse_all(record: dict[str, Any], field: str, noun: type[Any]) -> list[Any]:
    items = enumerate(record.get(field, []))
    return [parse_item(f"{field}[{n}]", item, noun) for n, item in items]


def _load(
    client: ConversationsClient,
    configuration_id: str,
    line: Line,
    loaded: LoadedParts,
    report: ConversationReport,
) -> None:
    """All of it or nothing; one that an interrupted run had begun is completed."""
    part = ("conversation", line.key)
    if loaded.find([part]):
        report.already_there += 1
        return
    made = None
    try:
        made = _open(client, configuration_id, line, loaded)
        for number, each in enumerate(line.communications):
            if each.resource_id is None:
                # Sent twice, it is one.
                resource_id = f"{LOADED_FROM}:{line.key}:{number}"
                each = replace(each, resource_id=resource_id)
            client.create_communication(made.id, each)
        client.patch_conversation(made.id, PatchConversation(status="CLOSED"))
    except (MemoryBusy, MemoryDenied, MemoryNotFound):
        raise  # every further line would meet it too
    except MemoryRefused as exc:
        if made:
            # Left open, it would refuse the line when that is mended.
            client.delete_conversation(made.id)
        raise LineRefused(exc.message) from exc
    loaded.add([part])
    report.loaded += 1
    report.communications += len(line.communications)


def _open(
    client: ConversationsClient,
    configuration_id: str,
    line: Line,
    loaded: LoadedParts,
) -> Conversation:
    """Raises LineRefused while somebody else's conversation is open."""
    begun = ("begun", line.key)
    if loaded.find([begun]):
        for each in all_pages(client.list_conversations, status="ACTIVE"):
            if each.metadata.get(LOADED_FROM) == line.key:
                return each
    loaded.add([begun])
    wanted = CreateConversation(
        configuration_id=configuration_id,
        name=line.name,
        metadata=line.metadata | {LOADED_FROM: line.key},
        participants=line.participants,
    )
    try:
        return client.create_conversation(wanted)
    except MemoryConflict:
        raise LineRefused(
            "participants: a conversation of the same ones is open; close it first"
        ) from None
