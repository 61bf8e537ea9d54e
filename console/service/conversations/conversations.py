"""Conversations: opened, changed, closed, deleted. Conversations 8."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone
from msgspec import UNSET

from console.contract.conversations.configuration import ConversationSettings
from console.contract.conversations.conversation import (
    METADATA_MAX,
    CreateConversation,
    CreateParticipant,
    InlineConfiguration,
    PatchConversation,
    PutConversation,
    PutParticipant,
)
from console.contract.ids import new_id
from console.service import errors
from console.service.conversations.configurations import (
    check_callbacks,
    get_configuration,
    to_settings,
)
from console.service.conversations.lifecycle import record, reset_due, settle
from console.service.conversations.models import (
    Conversation,
    Participant,
    list_participants,
)
from console.service.conversations.participants import (
    add_participant,
    put_participant,
    resolve,
    set_group,
)
from console.service.conversations.webhooks import emit
from console.service.memory.models import Store
from console.service.models import Account

CLOSED = "status: the conversation is CLOSED, and stays as it is"


def get_conversation(account: Account, conversation_id: str) -> Conversation:
    """As it is now, be it time alone that made it so. Raises NotFound."""
    row = _find(account, conversation_id)
    if row.due_at and row.due_at <= timezone.now():
        with transaction.atomic(using="memory"):
            return hold(account, conversation_id)
    return row


def get_part(account: Account, conversation_id: str, model: Any, part_id: str) -> Any:
    """A row of a conversation, by its id. Raises NotFound."""
    row = get_conversation(account, conversation_id)
    found = model.of_conversation(row).filter(id=part_id).first()
    if found is None:
        raise errors.NotFound(f"{model.__name__} not found.")
    return found


def hold(
    account: Account, conversation_id: str, *, open_: bool = False
) -> Conversation:
    """The same, its row held to the transaction's end. Raises NotFound, Invalid if it
    has to be `open_` and is not."""
    row = _find(account, conversation_id, lock=True)
    settle(row, timezone.now())
    if open_ and row.status == "CLOSED":
        raise errors.Invalid(CLOSED)
    return row


def _find(
    account: Account, conversation_id: str, *, lock: bool = False
) -> Conversation:
    rows = Conversation.objects.filter(account=account, id=conversation_id)
    # Not first(), whose order takes as long to write as all the rest.
    found = iter(rows.select_for_update() if lock else rows)
    row: Conversation | None = next(found, None)
    if row is None:
        raise errors.NotFound("Conversation not found.")
    return row


@transaction.atomic(using="memory")
def create_conversation(account: Account, body: CreateConversation) -> Conversation:
    """Raises NotFound (no such configuration), Invalid, Conflict (an open one has the
    same participants)."""
    settings = _read_settings(account, body)
    # Never another account's: what is said would be learned there.
    store = Store.objects.filter(account=account, id=settings["memoryStoreId"]).first()
    now = timezone.now()
    row = Conversation(
        id=new_id("conv_conversation"),
        store_id=store.id if store else "",
        account=account,
        configuration_id=body.configuration_id,
        settings=settings,
        status="ACTIVE",
        name=body.name,
        metadata=body.metadata,
        created_at=now,
        updated_at=now,
    )
    row.save(force_insert=True)
    _add(row, body.participants)
    record(row, "ACTIVE", now, reason="created")
    return row


def _read_settings(account: Account, body: CreateConversation) -> dict[str, Any]:
    inline = body.configuration or InlineConfiguration()
    given = {
        field.encode_name: value
        for field in msgspec.structs.fields(inline)
        if (value := getattr(inline, field.name)) is not UNSET
        and field.name != "workflows"
    }
    check_callbacks(
        given.get("statusCallbacks", ()), path="configuration.statusCallbacks"
    )
    if body.configuration_id:
        begun = get_configuration(account, body.configuration_id).settings
        for name in ("memoryStoreId", "conversationGroupingType"):
            if given.get(name, begun[name]) != begun[name]:
                raise errors.Invalid(f"configuration.{name}: not the configuration's")
    else:
        begun = {}
        for name in ("memoryStoreId", "conversationGroupingType"):
            if not given.get(name):
                raise errors.Invalid(
                    f"configuration.{name}: required without a configurationId"
                )
    # As builtins: timeouts and rules become what a configuration keeps of them.
    whole = begun | msgspec.to_builtins(given)
    return to_settings(msgspec.convert(whole, ConversationSettings))


def _add(row: Conversation, bodies: Sequence[CreateParticipant]) -> list[Participant]:
    now = timezone.now()
    participants = list_participants(row)
    added: list[Participant] = []
    for body in bodies:
        added.append(add_participant(row, body, participants + added, now))
    resolve(row, added)
    set_group(row, participants + added)
    begun = {each["channel"] for one in added for each in one.addresses}
    # Timers run before anybody has spoken, too.
    row.active_at = dict.fromkeys(begun, now.isoformat()) | row.active_at
    reset_due(row)
    return added


@transaction.atomic(using="memory")
def create_participant(
    account: Account, conversation_id: str, body: CreateParticipant
) -> Participant:
    """Raises NotFound, Invalid (closed), Conflict (an address is taken)."""
    row = hold(account, conversation_id, open_=True)
    [participant] = _add(row, [body])
    _touch(row)
    emit(row, "PARTICIPANT_ADDED", participant)
    return participant


@transaction.atomic(using="memory")
def update_participant(
    account: Account, conversation_id: str, participant_id: str, body: PutParticipant
) -> Participant:
    """Raises NotFound, Invalid (closed), Conflict (an address is taken)."""
    row = hold(account, conversation_id, open_=True)
    participant = put_participant(row, participant_id, body)
    resolve(row, [participant])
    set_group(row, list_participants(row))
    _touch(row)
    emit(row, "PARTICIPANT_UPDATED", participant)
    return participant


@transaction.atomic(using="memory")
def put_conversation(
    account: Account, conversation_id: str, body: PutConversation
) -> Conversation:
    """Raises NotFound, Invalid (closed)."""
    row = hold(account, conversation_id)
    given = {"name": body.name, "metadata": body.metadata}
    return _change(
        row, body.status, **{k: v for k, v in given.items() if v is not UNSET}
    )


@transaction.atomic(using="memory")
def patch_conversation(
    account: Account, conversation_id: str, body: PatchConversation
) -> Conversation:
    """Raises NotFound, Invalid (closed, or too much metadata)."""
    row = hold(account, conversation_id)
    changes: dict[str, Any] = {}
    if body.name is not UNSET:
        changes["name"] = body.name or ""
    if body.metadata is not UNSET:
        merged = row.metadata | (body.metadata or {}) if body.metadata else {}
        changes["metadata"] = {k: v for k, v in merged.items() if v is not None}
        if len(changes["metadata"]) > METADATA_MAX:
            raise errors.Invalid(f"metadata: at most {METADATA_MAX} entries")
    if body.configuration is not None:
        callbacks = body.configuration.status_callbacks
        if callbacks is not UNSET:
            check_callbacks(callbacks or (), path="configuration.statusCallbacks")
            changes["settings"] = row.settings | {
                "statusCallbacks": msgspec.to_builtins(callbacks or [])
            }
    return _change(row, body.status or row.status, **changes)


def _change(row: Conversation, status: str, **changes: Any) -> Conversation:
    changes = {k: v for k, v in changes.items() if getattr(row, k) != v}
    if row.status == "CLOSED" and (changes or status != row.status):
        raise errors.Invalid(CLOSED)
    for name, value in changes.items():
        setattr(row, name, value)
    now = timezone.now()
    if status != row.status:
        if status == "ACTIVE":
            # As if all channels had just been used, or time would undo it at once.
            row.active_at = dict.fromkeys(row.active_at, now.isoformat())
        record(row, status, now, reason="request")
    elif changes:
        _touch(row)
        emit(row, "CONVERSATION_UPDATED")
    return row


def _touch(row: Conversation) -> None:
    row.updated_at = timezone.now()
    row.save()


@transaction.atomic(using="memory")
def delete_conversation(account: Account, conversation_id: str) -> None:
    """With all that was said; what was learned from it stays. Raises NotFound."""
    _find(account, conversation_id, lock=True).delete()
