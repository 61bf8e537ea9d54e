"""How a tenant's memory is set up: read on a schedule, kept where it has changed, compared
member by member, and put back (docs/fleet.md)."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from console.audit.log import log, log_change
from console.audit.models import AuditEntry
from console.client.account import AccountClient
from console.client.errors import MemoryNotFound
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.conversations.configuration import PatchConfiguration
from console.contract.conversations.learning import PutLearningRules
from console.contract.memory.identity_settings import PutIdentitySettings
from console.contract.memory.store import PatchStore
from console.contract.memory.trait_group import CreateTraitGroup, PatchTraitGroup
from console.core.errors import DomainError
from console.monitoring.models import Health, Kind, Result, Snapshot, record
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_account

# What is no setting: who it is, and how often it was changed.
UNSET = {"id", "version", "createdAt", "updatedAt", "status", "earlier"}
# What the audit log calls a change, by the kind of thing; of the first two it names which.
ACTIONS = {
    "configuration": {"configuration.changed", "linkage.mended"},
    "group": {"schema.changed"},
    "store": {"store.changed", "ledger.changed"},
    "identity": {"identity.changed"},
    "rules": {"learning.changed"},
    "console": {"desk.arranged", "retention.changed", "knowledge.changed"},
}
PUT_BACK = "setup.restored"
# Of an onboarding, the steps that change such a thing.
STEP = "onboarding.step"
STEPS = {
    "configuration": {"configuration", "link"},
    "group": {"groups"},
    "identity": {"identity"},
    "rules": {"learning"},
    "console": {"display", "retention", "knowledge"},
}
# Of the identity settings, what stands for being left out.
_UNSAID = {
    "mergeBrake": "on",
    "whatsappIsPhone": False,
    "phoneRegion": "US",
    "timeZone": "UTC",
}
_QUERY = re.compile(r"(https?://[^\s\"?]*)\?[^\s\"]*")
Path = tuple[str, ...]
Content = dict[str, Any]


class NotPutBack(DomainError, status=409, title="Nothing was put back"):
    pass


class NotSettled(DomainError, status=409, title="Nothing was changed"):
    pass


@dataclass(frozen=True, slots=True)
class MemberChange:
    """Of one member; the empty path is the thing as a whole."""

    path: Path
    before: Any
    after: Any

    @property
    def is_lost(self) -> bool:
        return bool(self.before) and not self.after

    @property
    def label(self) -> str:
        return ".".join(self.path)

    @property
    def gone(self) -> list[str]:
        return _write(self.before, but=self.after)

    @property
    def new(self) -> list[str]:
        return _write(self.after, but=self.before)


@dataclass(frozen=True, slots=True)
class Thing:
    content: Content
    version: int = 0
    changed_at: datetime | None = None

    @property
    def digest(self) -> str:
        text = json.dumps([self.version, self.content], sort_keys=True)
        return sha256(text.encode()).hexdigest()


def compare(before: Any, after: Any, path: Path = ()) -> Iterator[MemberChange]:
    """Member by member; one that is left out is as one that is empty."""
    if before and after and isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from compare(before.get(name), after.get(name), (*path, name))
    elif (before or None) != (after or None):
        yield MemberChange(path, before, after)


def read_setup(tenant: Tenant, kept: Mapping[str, Content]) -> dict[str, Thing]:
    """By `configuration/<id>`, `group/<name>`, or what there is one of. Raises
    MemoryProblem: what did not come is not taken for gone.

    kept  as before: of a configuration that has gone over to another store no more than
          that is read
    """
    account = open_account(tenant)
    store = account.store(tenant.store_id)
    of_store, identity, groups, all_, rules = store.gather(
        partial(account.fetch_store, tenant.store_id),
        store.identity_settings,
        lambda: list(all_pages(store.list_trait_groups)),
        lambda: list(all_pages(account.list_configurations)),
        partial(_read_rules, store),
    )
    found = {
        "store": _to_thing(of_store),
        "identity": _to_thing(identity),
        "console": Thing(_describe_tenant(tenant)),
    }
    found |= {"rules": _to_thing(rules)} if rules else {}
    found |= {f"group/{each.display_name}": _to_thing(each) for each in groups}
    if tenant.dialect != Tenant.Dialect.CURRENT:
        # It tells nothing of these: they are taken for what they were.
        untold = (
            x for x in kept if x.partition("/")[0] in {"identity", "rules", "group"}
        )
        found |= {name: Thing(kept[name]) for name in untold}
    for each in all_:
        name = f"configuration/{each.id}"
        if each.memory_store_id == tenant.store_id:
            found[name] = _to_thing(each)
        elif kept.get(name):
            moved = {"memoryStoreId": each.memory_store_id}
            found[name] = Thing(kept[name] | moved)
    return found


def look(tenant: Tenant) -> Result:
    """Keep what has changed since the last look, and say whether a member is missing.
    What was lost is settled once it is there again."""
    begun, rows = timezone.now(), tenant.snapshots
    kept = {each.thing: each for each in rows.filter(is_latest=True)}
    try:
        found = read_setup(tenant, {name: each.content for name, each in kept.items()})
    except DomainError as problem:  # also when the vault keeps the credentials
        return record(tenant, Kind.DRIFT, Health.UNKNOWN, words=problem.title)
    with transaction.atomic():
        # One at a time: a look that took longer than another one knows less.
        Tenant.ever.select_for_update().get(pk=tenant.pk)
        if not rows.filter(seen_at__gt=begun).exists():
            _keep(tenant, kept, found)
        return _judge(tenant)


def _keep(
    tenant: Tenant, kept: Mapping[str, Snapshot], found: Mapping[str, Thing]
) -> None:
    now = timezone.now()
    since = max((each.seen_at for each in kept.values()), default=None)
    for name in sorted({*kept, *found}):
        before, thing = kept.get(name), found.get(name, Thing({}))
        was = before.content if before else {}
        changes = list(compare(was, thing.content))
        if before and not changes:
            continue
        if before:
            Snapshot.objects.filter(pk=before.pk).update(is_latest=False)
        lost = [each.path for each in changes if each.is_lost]
        new = Snapshot(tenant=tenant, thing=name, before=before, since=since, lost=lost)
        new.at = new.seen_at = now
        new.version, new.changed_at = thing.version, thing.changed_at
        new.seal(thing.content)
        new.save()
    rows = tenant.snapshots.filter(is_latest=True)
    rows.update(seen_at=now)
    now_there = {each.thing: each.content for each in rows}
    for row in tenant.snapshots.exclude(lost=[]).filter(settled_at=None):
        if all(_find(now_there[row.thing], path) for path in row.lost):
            row.settled_at = now
            row.save(update_fields=["settled_at"])


def _judge(tenant: Tenant) -> Result:
    """In names of members: what one holds is in no result."""
    missing = tenant.snapshots.exclude(lost=[]).filter(settled_at=None)
    missing = missing.select_related("before")
    lost = [(row, path) for row in missing.order_by("-pk") for path in row.lost]
    newest = tenant.snapshots.exclude(since=None).order_by("-pk").first()
    facts: dict[str, Any] = {"lost": len(lost)}
    facts["changed_at"] = newest.at.isoformat() if newest else ""
    if lost:
        row, path = lost[0]
        content = row.before.content if row.before else {}
        name = content.get("displayName", "") if row.name else ""
        more = f" (and {len(lost) - 1} more)" if lost[1:] else ""
        what = ".".join(path) or "all of it"
        has = "have" if row.kind == "rules" else "has"
        facts["words"] = (
            f"The {row.kind} {name}".rstrip() + f" {has} lost {what}{more}."
        )
    state = Health.FAILS if lost else Health.HOLDS
    return record(tenant, Kind.DRIFT, state, **facts)


def settle(row: Snapshot, *, actor: Actor) -> None:
    """What it has lost is meant to be gone. Raises NotSettled."""
    look(row.tenant)  # it may be back
    with transaction.atomic():
        lost = Snapshot.objects.filter(pk=row.pk, settled_at=None).exclude(lost=[])
        if not lost.update(settled_at=timezone.now()):
            raise NotSettled("Nothing of it is missing any more.")
        log(actor, "drift.settled", row.kind, row.name)
    look(row.tenant)


# -- Who


def find_entries(row: Snapshot, entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """Those of `list_entries` that tell of its change, the newest first."""
    since = row.since or row.at
    return [x for x in entries if since <= x.at <= row.at and _tells_of(row, x)]


def _tells_of(row: Snapshot, entry: AuditEntry) -> bool:
    if entry.action == PUT_BACK:
        return (entry.object_type, entry.object_id) == (row.kind, row.name)
    if entry.action == STEP:
        is_mine = entry.details["client"] == row.tenant.slug
        return is_mine and entry.details["step"] in STEPS.get(row.kind, ())
    # What is made has no name yet in the address that makes it.
    names = {row.name, row.tenant.store_id, ""}
    is_it = entry.object_id in names or row.kind not in {"configuration", "group"}
    return is_it and entry.action in ACTIONS[row.kind]


def list_entries(tenant: Tenant, rows: Iterable[Snapshot]) -> list[AuditEntry]:
    """Of the time of the rows' changes. An account's own are no tenant's."""
    moments = [each for row in rows for each in (row.since, row.at) if each]
    if not moments:
        return []
    found = AuditEntry.objects.filter(
        tenant__in=[tenant.slug, ""],
        action__in=[PUT_BACK, STEP, *set().union(*ACTIONS.values())],
        outcome="done",
        at__range=(min(moments), max(moments)),
    )
    return list(found.order_by("-seq")[:1000])


# -- Back


@dataclass(frozen=True, slots=True)
class Return:
    """What putting a change back would do now.

    now, wanted  what is set, and what would be
    why_not      why it cannot be done here; "" if it can
    """

    now: Thing
    wanted: Content
    why_not: str = ""

    @property
    def changes(self) -> list[MemberChange]:
        return list(compare(self.now.content, self.wanted))


def plan_return(row: Snapshot) -> Return:
    """Of what the change changed, the state before; the rest stays as it is now. Raises
    MemoryProblem."""
    tenant = row.tenant
    newest = tenant.snapshots.filter(thing=row.thing, is_latest=True).get()
    there = read_setup(tenant, {row.thing: newest.content})
    now = there.get(row.thing, Thing({}))
    before = row.before.content if row.before else {}
    wanted: Content = json.loads(json.dumps(now.content))
    for each in compare(before, row.content):
        if each.path:
            _set(wanted, each.path, each.before)
        else:
            wanted = before
    return Return(now, wanted, _find_obstacle(row, now, wanted))


def _find_obstacle(row: Snapshot, now: Thing, wanted: Content) -> str:
    if row.kind == "console":
        return "This is changed in the console itself: change it there."
    if not wanted:
        return "It was added. Whoever added it takes it away."
    if row.kind == "configuration":
        if not now.content:
            return (
                "It was deleted. A new one would have another id than the one that "
                "programs and conversations name: make it where this one was made."
            )
        if now.content["memoryStoreId"] != row.tenant.store_id:
            return "It names another store now: give it back where that was changed."
    return "" if wanted != now.content else "It is as it was before."


def put_back(row: Snapshot, digest: str, *, actor: Actor) -> bool:
    """Whether it then is as wanted; a memory may take a moment. Raises NotPutBack,
    MemoryProblem.

    digest  of the state that the person has seen
    """
    back = plan_return(row)
    if back.now.digest != digest:
        raise NotPutBack("It was changed meanwhile. Look at it again.")
    if back.why_not:
        raise NotPutBack(back.why_not)
    account = open_account(row.tenant)
    with log_change(actor, PUT_BACK, row.kind, row.name):
        try:
            _WRITERS[row.kind](account, row, back)
        except msgspec.ValidationError as error:
            raise NotPutBack(f"The API takes no such thing: {error}") from None
    look(row.tenant)
    newest = row.tenant.snapshots.get(thing=row.thing, is_latest=True)
    return not list(compare(newest.content, back.wanted))


def _put_configuration(account: AccountClient, row: Snapshot, back: Return) -> None:
    names = {each.path[0] for each in back.changes}
    change = {name: back.wanted.get(name) for name in names}
    if "channelSettings" in names:
        # A channel is replaced whole; null takes it away.
        was, wanted = (
            x.get("channelSettings", {}) for x in (back.now.content, back.wanted)
        )
        change["channelSettings"] = {
            name: wanted.get(name)
            for name in {*was, *wanted}
            if was.get(name) != wanted.get(name)
        }
    store = account.store(row.tenant.store_id)
    body = msgspec.convert(change, PatchConfiguration)
    store.conversations.patch_configuration(row.name, body)


def _put_store(account: AccountClient, row: Snapshot, back: Return) -> None:
    names = {each.path[0] for each in back.changes}
    change = {name: back.wanted.get(name) or None for name in names}
    if "ledgerDays" in change:
        change["ledgerDays"] = back.wanted.get("ledgerDays", 0)
    body = msgspec.convert(change, PatchStore)
    account.store(row.tenant.store_id).patch_store(body, version=back.now.version)


def _put_identity(account: AccountClient, row: Snapshot, back: Return) -> None:
    configs = list(back.wanted["identifierConfigs"].values())
    # What is left out stays as it is; a hosted memory knows none of these.
    reset = {k: v for k, v in _UNSAID.items() if k in back.now.content}
    wanted = reset | back.wanted | {"identifierConfigs": configs}
    body = msgspec.convert(wanted, PutIdentitySettings)
    store = account.store(row.tenant.store_id)
    store.put_identity_settings(body, version=back.now.version)


def _put_rules(account: AccountClient, row: Snapshot, back: Return) -> None:
    body = msgspec.convert(back.wanted, PutLearningRules)
    talks = account.store(row.tenant.store_id).conversations
    talks.put_rules(body, version=back.now.version)


def _put_group(account: AccountClient, row: Snapshot, back: Return) -> None:
    store, wanted = account.store(row.tenant.store_id), back.wanted
    if not back.now.content:
        operation = store.create_trait_group(msgspec.convert(wanted, CreateTraitGroup))
    else:
        was, traits = back.now.content.get("traits", {}), wanted.get("traits", {})
        changed = {
            name: traits.get(name, {"dataType": ""})
            for name in {*was, *traits}
            if was.get(name) != traits.get(name)
        }
        change = {"description": wanted.get("description", ""), "traits": changed}
        body = msgspec.convert(change, PatchTraitGroup)
        operation = store.patch_trait_group(row.name, body, version=back.now.version)
    done = account.wait_for(operation)
    if done.status == "FAILED":
        raise NotPutBack(done.failure)


_WRITERS: dict[str, Callable[[AccountClient, Snapshot, Return], None]] = {
    "configuration": _put_configuration,
    "store": _put_store,
    "identity": _put_identity,
    "rules": _put_rules,
    "group": _put_group,
}


# -- Contents


def _to_thing(noun: Any) -> Thing:
    content = msgspec.to_builtins(noun)
    if configs := content.get("identifierConfigs"):
        content["identifierConfigs"] = {each["idType"]: each for each in configs}
    kept = {k: v for k, v in content.items() if k not in UNSET}
    # As JSON gives it back: no tuples.
    told = getattr(noun, "version", 0), getattr(noun, "updated_at", None)
    return Thing(json.loads(json.dumps(kept)), *told)


def _read_rules(store: StoreClient) -> Any:
    try:
        return store.conversations.fetch_rules()
    except MemoryNotFound:  # ours alone
        return None


def _describe_tenant(tenant: Tenant) -> Content:
    return {
        "masking": tenant.masking,
        "pinnedGroups": tenant.pinned_groups,
        "needsTicket": tenant.needs_ticket,
        "knowledgeBases": tenant.knowledge_bases,
        "retention": dict(tenant.retention.values_list("kind", "days")),
    }


def _find(content: Any, path: Path) -> Any:
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _set(content: Content, path: Path, value: Any) -> None:
    *way, last = path
    for name in way:
        content = content.setdefault(name, {})
    if value is None:
        content.pop(last, None)
    else:
        content[last] = value


def _write(value: Any, *, but: Any) -> list[str]:
    """A list item by item, without those that the other one has too; a query of an
    address can hold a secret."""
    items = [value] if value or value is False else []
    items = value if isinstance(value, list) else items
    others = but if isinstance(but, list) else []
    return [_write_one(each) for each in items if each not in others]


def _write_one(value: Any) -> str:
    if not isinstance(value, dict | list):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return _QUERY.sub(r"\1?…", json.dumps(value, ensure_ascii=False))
