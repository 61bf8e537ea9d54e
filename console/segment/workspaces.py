"""What a tenant's Segment workspace answers: whether it works, and what it knows of a
customer."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex
from time import monotonic, time
from typing import Any

from django.db import transaction
from django.utils import timezone

from console.audit.log import log
from console.client.segment import (
    NotInSegment,
    SegmentProblem,
    TokenRefused,
)
from console.contract.memory.identifier import IdentifierSet
from console.contract.segment import (
    DEFAULT_TYPES,
    IDENTIFIER_TYPE,
    REGIONS,
    Event,
    ExternalId,
    SegmentTrait,
)
from console.segment.models import SECRETS, Watched, Workspace
from console.tenants.actor import Actor
from console.tenants.models import Tenant

# Nobody's: an event of it is sent, and looked for.
PROBE_ID = "memory-console-check"
PROBE_TRAIT = "memory_console_check"
# Until then an event that cannot be read yet is late; Segment says seconds.
PATIENCE_S = 120
KEEP_S, KEPT_MAX = 60.0, 500
EVENTS, ASKED_MAX, TYPES_MAX = 5, 6, 100
# Ours and Segment's names of what names a customer; the surest first.
TYPES = {
    "user_id": "user_id",
    "userId": "user_id",
    "externalId": "user_id",
    "email": "email",
    "phone": "phone",
}
# By tenant, workspace's change and identity: until when, and what was found.
_kept: dict[tuple[Any, ...], tuple[float, "SegmentProfile | None"]] = {}


@dataclass(frozen=True, slots=True)
class SegmentCheck:
    """state  passes, fails or waits; `where`: in Segment"""

    name: str
    state: str
    words: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class SegmentProfile:
    """identity_type, value  by which of the customer's identifiers it was found"""

    identity_type: str
    value: str = field(repr=False)
    traits: dict[str, SegmentTrait] = field(repr=False)
    external_ids: Sequence[ExternalId] = field(repr=False)
    events: Sequence[Event] = field(repr=False)

    @property
    def source(self) -> str:
        """Of all traits; "" where they are of several."""
        sources = {trait.source_id for trait in self.traits.values()}
        return sources.pop() if len(sources) == 1 else ""


def find_workspace(tenant: Tenant) -> Workspace | None:
    return Workspace.objects.filter(tenant=tenant).first()


def change(actor: Actor, tenant: Tenant, given: Mapping[str, Any]) -> None:
    """What is not given, and a secret that is empty, stays as it is."""
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant.pk)
        kept = find_workspace(tenant) or Workspace(tenant=tenant)
        secrets = {x: given.get(x) or kept.secrets.get(x, "") for x in SECRETS}
        changed = [
            each
            for each in given
            if each not in SECRETS and getattr(kept, each) != given[each]
        ] + [each for each in SECRETS if given.get(each)]
        for each in {*given} - {*SECRETS}:
            setattr(kept, each, given[each])
        if {*changed} & {"space", "region", "token"}:
            kept.is_proven, kept.types = False, {}
        if {*changed} & {"space", "region", "token", "write_key"}:
            kept.probe = {}
        kept.seal(secrets)
        kept.save()
        on = ("store", tenant.store_id)
        log(actor, "segment.changed", *on, changed=", ".join(sorted(changed)))


def remove(actor: Actor, workspace: Workspace) -> None:
    on = ("store", workspace.tenant.store_id)
    with transaction.atomic():
        Watched.objects.filter(tenant=workspace.tenant).delete()
        workspace.delete()
        log(actor, "segment.changed", *on, changed="removed")


def check_token(workspace: Workspace) -> SegmentCheck:
    """Of the profile access token, by asking for somebody who need not be there."""
    name = "Profile access token"
    where = "Unify → Unify settings → API access"
    try:
        _ask(workspace, workspace.region)
    except TokenRefused as problem:
        for region in {*REGIONS} - {workspace.region}:
            with suppress(SegmentProblem):
                _ask(workspace, region)
                words = f"It is of the region {region}: set that one."
                return SegmentCheck(name, "fails", words, "Workspace settings → Region")
        return SegmentCheck(name, "fails", problem.message, where)
    except SegmentProblem as problem:
        return SegmentCheck(name, "fails", problem.message)
    return SegmentCheck(name, "passes", "Accepted by Segment.")


def _ask(workspace: Workspace, region: str) -> Any:
    """The probe's trait, None if there is none. Raises SegmentProblem."""
    try:
        found = workspace.open(region).fetch_traits(f"user_id:{PROBE_ID}")
    except NotInSegment:
        return None
    trait = found.get(PROBE_TRAIT)
    return trait.value if trait else None


def send_probe(workspace: Workspace) -> None:
    """An event whose arrival shows that write key, source and space belong together.
    Raises SegmentProblem."""
    value = token_hex(8)
    event = {
        "type": "identify",
        "messageId": f"{PROBE_TRAIT}-{value}",
        "userId": PROBE_ID,
        "traits": {PROBE_TRAIT: value},
    }
    now = timezone.now().isoformat()
    workspace.open().send([event | {"timestamp": now}], now)
    workspace.probe = {"value": value, "sent_at": time()}
    workspace.save(update_fields=["probe"])


def check_probe(workspace: Workspace) -> SegmentCheck | None:
    """Whether the event that was sent last has arrived; None before there is one."""
    name, probe = "Write key, source and space", workspace.probe
    if not probe:
        return None
    if "arrived_s" not in probe:
        try:
            arrived = _ask(workspace, workspace.region) == probe["value"]
        except SegmentProblem as problem:
            return SegmentCheck(name, "fails", problem.message)
        waited_s = time() - probe["sent_at"]
        if not arrived and waited_s < PATIENCE_S:
            return SegmentCheck(
                name, "waits", "An event was sent; it cannot be read yet."
            )
        if not arrived:
            return SegmentCheck(name, "fails", _tell_causes(workspace))
        workspace.probe = probe | {"arrived_s": round(waited_s, 1)}
        workspace.is_proven = True
        workspace.save(update_fields=["probe", "is_proven"])
    words = f"A test event arrived and could be read {workspace.probe['arrived_s']} s later."
    return SegmentCheck(name, "passes", words)


def _tell_causes(workspace: Workspace) -> str:
    """Segment answered 200 and lost it, and does not tell why."""
    causes = [
        "the write key is of no source of this workspace (Connections → Sources → the "
        "source → Settings → API keys)",
        "the source is not connected to the space (Unify → Unify settings → Profile "
        "sources → Connect source)",
    ]
    if not workspace.is_proven:
        where = "Unify → Unify settings → API access"
        causes.append(f"the space id is of another space ({where})")
    return (
        "An event was sent two minutes ago and never arrived; Segment answers 200 to it "
        f"all the same. One of these: {'; '.join(causes)}."
    )


def read_profile(
    workspace: Workspace, identifiers: Sequence[IdentifierSet]
) -> SegmentProfile | None:
    """What Segment knows of a customer, kept for a minute; None: nobody has one of these
    identifiers there. At most eight calls. Raises SegmentProblem."""
    for _, type_, value in _list_identities(workspace, identifiers):
        identity = f"{type_}:{value}"
        key = (workspace.pk, workspace.changed_at, identity)
        until, found = _kept.get(key, (0.0, None))
        if until < monotonic():
            found = _read(workspace, type_, value)
            if len(_kept) >= KEPT_MAX:
                _kept.clear()
            _kept[key] = (monotonic() + KEEP_S, found)
        if found:
            return found
    return None


def _read(workspace: Workspace, type_: str, value: str) -> SegmentProfile | None:
    client, identity = workspace.open(), f"{type_}:{value}"
    try:
        traits = client.fetch_traits(identity)
    except NotInSegment:
        return None
    ids = client.fetch_external_ids(identity)
    _note_types(workspace, [type_, *(each.type for each in ids)])
    events = client.fetch_events(identity, EVENTS)
    return SegmentProfile(type_, value, traits, ids, events)


def _note_types(workspace: Workspace, shown: Iterable[str]) -> None:
    """Somebody was found, and has identifiers of these types."""
    new = {x for x in shown if IDENTIFIER_TYPE.fullmatch(x)} - workspace.types.keys()
    noted = sorted(new)[: TYPES_MAX - len(workspace.types)]
    if noted or not workspace.is_proven:
        workspace.types |= dict.fromkeys(noted, timezone.now().isoformat())
        kept = Workspace.objects.filter(pk=workspace.pk)
        kept.update(is_proven=True, types=workspace.types)


def tell_absence(workspace: Workspace, identifiers: Sequence[IdentifierSet]) -> str:
    """Nobody was found: with the types, each once, that may be to blame."""
    said = ["Segment knows nobody with this customer's identifiers."]
    asked = {x[0]: x[1] for x in _list_identities(workspace, identifiers)}
    known = [*dict.fromkeys((*DEFAULT_TYPES[:3], *workspace.types))]
    if new := [x for x in asked.values() if x not in {*DEFAULT_TYPES, *known}]:
        said.append(
            f"It has shown no identifier of the type {' or '.join(new)} here: a custom "
            "type may be missing in the space (Unify → Identity resolution)."
        )
    for ours, theirs in asked.items():
        if ours != theirs and ours.casefold() == theirs.casefold():
            said.append(f"It knows the type {ours} as {theirs}, as which it was asked.")
    if len(said) > 1:
        said.append(f"Known here: {', '.join(known)}.")
    return " ".join(said)


def _list_identities(
    workspace: Workspace, identifiers: Sequence[IdentifierSet]
) -> list[tuple[str, str, str]]:
    """Our type, Segment's and the newest value, the surest first. A type that Segment has
    not shown is asked for as well: it may be new. A phone is looked for as we write it,
    and in digits alone, as most write it there."""
    known = (*TYPES.values(), *DEFAULT_TYPES, *workspace.types)
    spelt = {each.casefold(): each for each in known}
    ranks = {each: rank for rank, each in enumerate(TYPES)}
    found = []
    for each in sorted(identifiers, key=lambda x: ranks.get(x.id_type, len(ranks))):
        ours, theirs = each.id_type, TYPES.get(each.id_type, each.id_type)
        if theirs not in known:
            theirs = spelt.get(theirs.casefold(), theirs)
        for newest in each.values[-1:]:
            found.append((ours, theirs, newest))
            if theirs == "phone" and newest.startswith("+"):
                found.append((ours, theirs, newest[1:]))
    return found[:ASKED_MAX]
