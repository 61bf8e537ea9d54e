"""Who takes part in a conversation, and which profile is meant. Conversations 9 and 12.4."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone

from console.contract.conversations import conversation as wire
from console.contract.ids import new_id
from console.contract.normalising import InvalidIdentifier, normalise
from console.service import errors
from console.service.conversations.models import (
    ChannelUse,
    Conversation,
    Participant,
    diagnose,
    list_participants,
)
from console.service.memory.identity import Identity, parse_identities
from console.service.memory.models import Profile, Store, TraitGroup
from console.service.memory.resolution import (
    WeighedValues,
    assign_identifiers,
    get_canonical_id,
    weigh_values,
)
from console.service.memory.stores import lock_store
from console.service.memory.suggestions import build_claims
from console.service.memory.suppression import count_refused, find_erased
from console.service.memory.traits import check_traits, write_traits

NOT_IDENTIFYING, LOOKUP_FAILED = 530001, 530003
ERASED = "An address was erased: nothing is learned until a privacy officer lifts that."
ADDRESS_TAKEN = "addresses[{}]: already of another participant"

_KINDS = dict.fromkeys(("SMS", "VOICE", "RCS", "WHATSAPP"), "phone") | {
    "EMAIL": "email"
}
# As people are called, with or without more names: `Ana`, `Jean-Luc O'Neil`. `user-ada`
# or `visitor` is an address.
_NAME = re.compile(r"[^\W\d_]+(?:[ .'’-]{1,2}[^\W\d_]+)*\.?")


def compare_as(row: Conversation, channel: str, address: str) -> str:
    """One address however it is written: prefix off, as `row`'s store compares it."""
    bare = address.strip()
    for prefix in ("whatsapp:", "rcs:"):
        if bare.lower().startswith(prefix):
            bare = bare[len(prefix) :]
    if kind := _KINDS.get(channel):
        region = row.phone_region if kind == "phone" else ""
        with suppress(InvalidIdentifier):
            return normalise(bare, kind, region, asked=True)
    return bare.lower() if channel == "EMAIL" else bare


def find_participant(
    row: Conversation, participants: Sequence[Participant], channel: str, address: str
) -> Participant | None:
    # As it is written first: reading phone numbers is a third of a message's cost.
    for participant in participants:
        for each in participant.addresses:
            if (each["channel"], each["address"]) == (channel, address):
                return participant
    wanted = compare_as(row, channel, address)
    for participant in participants:
        for each in participant.addresses:
            known = compare_as(row, each["channel"], each["address"])
            if (each["channel"], known) == (channel, wanted):
                return participant
    return None


def add_participant(
    row: Conversation,
    body: wire.CreateParticipant,
    others: Sequence[Participant],
    now: datetime,
) -> Participant:
    """`row` is held. Raises Invalid (no such profile, or nobody else may join), Conflict
    (an address is taken)."""
    if len(others) >= wire.PARTICIPANTS_PER_CONVERSATION:
        raise errors.Invalid(
            f"participants: at most {wire.PARTICIPANTS_PER_CONVERSATION} of one "
            "conversation"
        )
    _refuse_taken(row, body.addresses, others)
    participant = Participant(
        store_id=row.store_id,
        conversation_id=row.id,
        id=new_id("conv_participant"),
        type=body.type,
        addresses=msgspec.to_builtins(body.addresses),
        created_at=now,
        updated_at=now,
    )
    _name(participant, body.name)
    participant.profile_id = _check_profile(row, body.profile_id)
    participant.save(force_insert=True)
    note_channels(row, {each.channel_id for each in body.addresses})
    return participant


def put_participant(
    row: Conversation, participant_id: str, body: wire.PutParticipant
) -> Participant:
    """`row` is held. Raises NotFound, Invalid, Conflict."""
    participants = list_participants(row)
    participant = pick(participants, participant_id)
    others = [each for each in participants if each.id != participant_id]
    if body.addresses is not None:
        _refuse_taken(row, body.addresses, others)
        participant.addresses = msgspec.to_builtins(body.addresses)
        note_channels(row, {each.channel_id for each in body.addresses})
    if body.profile_id:
        participant.profile_id = _check_profile(row, body.profile_id)
    elif body.addresses is not None or body.type not in {"CUSTOMER", "UNKNOWN"}:
        participant.profile_id = ""
    _name(participant, body.name)
    participant.type = body.type
    participant.updated_at = timezone.now()
    participant.save()
    return participant


def _name(participant: Participant, name: str) -> None:
    """Clients send back the address that stands in for a name in answers: it is none.
    But who is called Ana may have that as the address of a chat, too."""
    others = {e["address"] for e in participant.addresses if e["channel"] != "CHAT"}
    chats = {e["address"] for e in participant.addresses} - others
    is_name = name not in others and (name not in chats or _reads_as_name(name))
    participant.name = name if is_name else ""


def _reads_as_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and not text[0].islower()


def pick(participants: Sequence[Participant], participant_id: str) -> Participant:
    """Raises NotFound."""
    for participant in participants:
        if participant.id == participant_id:
            return participant
    raise errors.NotFound("Participant not found.")


def _refuse_taken(
    row: Conversation,
    addresses: Sequence[wire.SentAddress],
    others: Sequence[Participant],
) -> None:
    for index, each in enumerate(addresses):
        if holder := find_participant(row, others, each.channel, each.address):
            raise errors.Conflict(ADDRESS_TAKEN.format(index), resource_id=holder.id)


def _check_profile(row: Conversation, profile_id: str) -> str:
    """As given; of a merged profile the one that goes on."""
    store = _find_store(row)
    if not profile_id or store is None:
        return profile_id
    if Profile.objects.of(store).filter(id=profile_id).exists():
        return profile_id
    if canonical_id := get_canonical_id(store, profile_id):
        return canonical_id
    raise errors.Invalid("profileId: no such profile in this store")


def _find_store(row: Conversation) -> Store | None:
    return Store.objects.filter(account=row.account_id, id=row.store_id).first()


def resolve(row: Conversation, participants: Sequence[Participant]) -> None:
    """Give those without a profile the one that their addresses mean.

    A CUSTOMER whom nobody knows becomes a new profile. Somebody UNKNOWN is only looked
    up: a hit makes a CUSTOMER of them, unless several of them are hits. Where nothing is
    found out, the conversation goes on and a diagnostic says why.
    """
    open_ = [
        each
        for each in participants
        if not each.profile_id and each.type in {"CUSTOMER", "UNKNOWN"}
    ]
    if not open_:
        return
    store = _find_store(row)
    if store is None:
        for each in open_:
            if each.type == "CUSTOMER":
                diagnose(row, LOOKUP_FAILED, "The store does not exist.", each.id)
        return
    lock_store(store)
    hits = []
    for each in open_:
        identities = _read_identities(row, store, each)
        names = {"firstName": each.name} if each.name else {}
        claims = build_claims(store, identities, names)
        weighed = weigh_values(store, identities, claims)
        found = _find_profile(store, weighed)
        if found and each.type == "UNKNOWN":
            hits.append((each, found))
        elif found or (identities and each.type == "CUSTOMER"):
            _join(each, found or _create_profile(row, store, each, identities, weighed))
    if len(hits) == 1:
        [(each, found)] = hits
        each.type = "CUSTOMER"
        _join(each, found)
    elif hits:
        diagnose(row, LOOKUP_FAILED, "Several participants could be the customer.")


def _read_identities(
    row: Conversation, store: Store, participant: Participant
) -> dict[Identity, str]:
    """What the addresses feed, and where these stand; why one names nobody is said."""
    identities: dict[Identity, str] = {}
    unfit = []
    for index, each in enumerate(participant.addresses):
        id_type = wire.ID_TYPES.get(each["channel"], "")
        if not id_type or wire.DEVICE.match(each["address"]):
            continue
        try:
            path = f"addresses[{index}]"
            found = parse_identities(store, id_type, each["address"], path=path)
        except errors.Invalid as exc:
            unfit.append(exc.message)
        else:
            identities |= dict.fromkeys(found, path)
    if participant.type == "CUSTOMER":
        for why in unfit or [] if identities else ["No address names a customer."]:
            diagnose(row, NOT_IDENTIFYING, why, participant.id)
    if erased := find_erased(store, [(x.id_type, x.value) for x in identities]):
        count_refused(store, erased)
        diagnose(row, NOT_IDENTIFYING, ERASED, participant.id)
        return {}
    return identities


def _find_profile(store: Store, weighed: WeighedValues) -> str:
    """The first that is held, in the store's order of types. Several are never merged:
    what is said in a conversation proves nothing."""
    held, followed, doubts = weighed
    rules = store.identitysettings.matching_rules
    ranked = [each for each in followed if each.id_type in rules]
    for identity in sorted(ranked, key=lambda each: rules.index(each.id_type)):
        if holders := sorted(held[identity] - doubts.keys()):
            # One that several hold means nobody.
            return holders[0] if identity.exclusive or len(holders) == 1 else ""
    return ""


def _create_profile(
    row: Conversation,
    store: Store,
    participant: Participant,
    identities: Mapping[Identity, str],
    weighed: WeighedValues,
) -> str:
    """Found by the values that nobody else has: what is said in a conversation merges
    nobody, a person may."""
    held, followed, doubts = weighed
    holders = {id_: each for each in identities for id_ in held[each]}
    doubts = {
        id_: doubts.get(id_, ["heard"] if each in followed else ["shared"])
        for id_, each in holders.items()
    }
    now = timezone.now()
    profile = Profile(store_id=store.id, id=new_id("mem_profile"), created_at=now)
    profile.save(force_insert=True)
    _, taken = assign_identifiers(store, profile, identities, now=now, doubts=doubts)
    for why in taken:
        diagnose(row, NOT_IDENTIFYING, why, participant.id)
    if traits := _get_promoted_traits(store, list(identities)):
        write_traits(profile, check_traits(store, traits), now=now)
    return profile.id


def _get_promoted_traits(
    store: Store, identities: Sequence[Identity]
) -> dict[str, dict[str, Any]]:
    """The traits that feed these identifiers, filled with them."""
    values = {identity.id_type: identity.value for identity in identities}
    traits: dict[str, dict[str, Any]] = {}
    for group in TraitGroup.objects.of(store):
        for name, definition in group.traits.items():
            if value := values.pop(definition.get("idTypePromotion"), None):
                traits.setdefault(group.display_name, {})[name] = value
    return traits


def _join(participant: Participant, profile_id: str) -> None:
    participant.profile_id = profile_id
    participant.updated_at = timezone.now()
    participant.save()


def note_channels(row: Conversation, channel_ids: set[str]) -> None:
    """So that the conversation is found by them."""
    here = {"store_id": row.store_id, "conversation_id": row.id}
    uses = [ChannelUse(**here, channel_id=each) for each in channel_ids - {""}]
    ChannelUse.objects.bulk_create(uses, ignore_conflicts=True)


def set_group(
    row: Conversation, participants: Sequence[Participant], *, strict: bool = True
) -> None:
    """Say whose conversation it is; `row` is saved. Raises Conflict when an open one of
    the same configuration has these participants (12.3), unless it is not `strict`."""
    group = _get_group(row, participants)
    if group == row.group:
        return
    before, row.group = row.group, group
    try:
        with transaction.atomic(using="memory"):
            row.save()
    except IntegrityError:
        row.group = before
        if strict:
            open_ = Conversation.objects.exclude(status="CLOSED").filter(
                account=row.account_id,
                configuration_id=row.configuration_id,
                group=group,
            )
            other = open_.first()
            raise errors.Conflict(
                "participants: an open conversation has the same ones",
                resource_id=other.id if other else "",
            ) from None


def _get_group(row: Conversation, participants: Sequence[Participant]) -> str:
    """A digest: addresses have no business in an index of their own."""
    grouping = row.settings["conversationGroupingType"]
    parts: set[tuple[str, ...]] = set()
    if grouping == "GROUP_BY_PROFILE":
        parts = {(each.profile_id,) for each in participants if each.profile_id}
    if not parts:
        with_channel = grouping != "GROUP_BY_PARTICIPANT_ADDRESSES"
        parts = {
            (each["channel"] if with_channel else "", key)
            for participant in participants
            for each in participant.addresses
            if (key := compare_as(row, each["channel"], each["address"]))
        }
    if not parts:
        return ""
    whole = json.dumps([row.settings["memoryStoreId"], grouping, sorted(parts)])
    return hashlib.sha256(whole.encode()).hexdigest()
