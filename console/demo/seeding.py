"""Creating the demo: two tenants, their customers, and people to sign in as.

The customers are fictional and the same ones every time. Of each tenant `store.json` has
its trait groups, `people.jsonl` what a CRM knows of its customers and
`conversations.jsonl` what these say, earliest first, in the forms that `load_memory` and
`load_conversations` read; an email address stands for a profile's id. `knowledge/` is what it publishes. What is remembered
the memory learns from what they say; staff add and correct a little. `week.jsonl` is what
the audit log has of the seven days before. Every date is moved up to the day of the demo.
"""

import io
import json
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_tasks import task

from console.accounts.models import User
from console.audit.log import append, lock_head, log, log_change
from console.audit.models import AuditReason, digest_reason
from console.client.account import AccountClient, connect
from console.client.store import StoreClient
from console.contract.knowledge.base import CreateKnowledgeBase
from console.contract.knowledge.source import MIME_TYPES, CreateKnowledge, SentFile
from console.contract.memory.observation import NewObservation, PatchObservation
from console.contract.memory.store import CreateStore
from console.contract.memory.trait_group import CreateTraitGroup
from console.contract.times import to_wire
from console.core.errors import DomainError
from console.loading.conversations import load_conversations
from console.loading.loading import Loader, wait_until_done
from console.pages.deletions.inventory import take_inventory
from console.pages.deletions.models import Deletion, DeletionPolicy, Target
from console.pages.deletions.services import delete_item, open_request, submit
from console.pages.onboarding.steps import save_tenant
from console.pages.recall.cases import run_case
from console.pages.recall.models import RecallCase
from console.profiles.items import OBSERVATION, PROFILE
from console.segment.models import Workspace
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from console.tenants.services import add_member
from console.tenants.vault import open_account, open_store

SAID_AT = re.compile(rb'(?<="occurredAt":")[^"]+')
DAY = re.compile(
    rb"\b(?:[12]?[1-9]|[123]0|31) (?:January|February|March|April|May|June|July|August"
    rb"|September|October|November|December)\b"
)
# Days ago at most, of those who have said nothing yet.
ARRIVALS = 20
# So many conversations in one task.
BATCH = 40
EMBEDDED = "embedded:"
TENANTS = {"alpenglow": "Alpenglow Outfitters", "brightline": "Brightline Telecom"}
# What their support staff want on a customer's card.
PINNED = {
    "alpenglow": ["Account", "Loyalty", "Support"],
    "brightline": ["Plan", "Account", "Support"],
}
# Address and name of the people to sign in as; the operator's role covers all tenants.
STAFF = {
    "operator@demo.example": ("Robin Okonjo", Role.OPERATOR),
    "agent@demo.example": ("Ada Winter", Role.AGENT),
    "officer@demo.example": ("Noor Castellan", Role.OFFICER),
    "officer2@demo.example": ("Felix Brandt", Role.OFFICER),
    "auditor@demo.example": ("Iris Tamm", Role.AUDITOR),
    "developer@demo.example": ("Jun Park", Role.DEVELOPER),
}


class DemoIncomplete(DomainError, title="The demo could not be made"):
    """A text of the demo was refused by the memory: a mistake of ours."""


def seed_demo(password: str, *, progress: Callable[[str], object]) -> None:
    """Fill both stores with customers, then add the tenants and the people in one go.

    An interrupted run leaves no tenant behind, so the next one starts anew. What the
    customers say is the worker's: it takes longer than anybody would wait for a page.
    Raises DemoIncomplete, MemoryProblem.
    """
    filled = {}
    for slug, name in TENANTS.items():
        progress(f"{name}: writing 40 customers")
        filled[slug] = fill_store(slug, name)
    ids = {slug: find_ids(filled[slug][2].store, slug) for slug in TENANTS}
    spread_arrivals(ids)
    write_week(ids, add_people(password))
    tenants = [add_demo_tenant(slug, *filled[slug]) for slug in TENANTS]
    add_staff(tenants, password)
    for tenant in tenants:
        work_a_little(tenant)
        publish(tenant)
        if settings.SEGMENT_URL and tenant.slug == "alpenglow":
            connect_segment(tenant)
        hold_conversations.enqueue(tenant.slug, 0)


class StoreFile(msgspec.Struct):
    """later  traits of further profiles, which the memory merges or proposes to"""

    groups: list[CreateTraitGroup]
    later: list[dict[str, Any]]


def read_file(slug: str, name: str) -> bytes:
    return (Path(__file__).parent / slug / name).read_bytes()


def list_people(slug: str) -> list[dict[str, Any]]:
    """The traits of each."""
    lines = read_file(slug, "people.jsonl").splitlines()
    return [json.loads(line)["traits"] for line in lines]


@task()
def hold_conversations(slug: str, start: int) -> int:
    """A few of what the customers said, then the next few in a task of their own: what
    is learned from them comes in between, and is dated by the one after. Safe to run
    twice. Raises DemoIncomplete."""
    tenant = Tenant.objects.get(slug=slug)
    date_lessons(tenant.store_id)
    lines = list_conversations(slug, find_ids(open_store(tenant), slug))
    lines = move_dates(lines, tenant.created_at)
    some = list(enumerate(lines, 1))[start : start + BATCH]
    load_conversations(tenant, some, tell=stop)
    if start < len(lines):
        hold_conversations.enqueue(slug, start + BATCH)
    return len(some)


def date_lessons(store_id: str) -> None:
    """As if each had been learned when it was said, not all in the demo's minutes."""
    models = {
        name: apps.get_model("service", name).objects.filter(store_id=store_id)
        for name in (
            *("Observation", "Summary", "Profile"),
            *("Learned", "Transition", "Communication"),
        )
    }
    turns = models["Communication"].filter(conversation_id=OuterRef("conversation_id"))
    times = turns.order_by("occurred_at").values("occurred_at")
    began, ended = Subquery(times[:1]), Subquery(times.reverse()[:1])
    models["Learned"].update(created_at=Coalesce(ended, "created_at"))
    settled = models["Transition"].exclude(learning="PENDING")
    settled.filter(number=1).update(at=Coalesce(began, "at"))
    settled.exclude(number=1).update(at=Coalesce(ended, "at"))
    settled.update(recorded_at=F("at"))
    for name in ("Observation", "Summary"):
        unchanged = models[name].filter(updated_at=F("created_at"))
        unchanged.update(created_at=F("occurred_at"), updated_at=F("occurred_at"))
    said = models["Observation"].filter(profile_id=OuterRef("id"))
    newest = Subquery(said.order_by("-occurred_at").values("occurred_at")[:1])
    models["Profile"].update(updated_at=Coalesce(newest, "created_at"))


def find_ids(store: StoreClient, slug: str) -> dict[str, str]:
    """The customers' profiles, by email address."""
    emails = [traits["Contact"]["email"] for traits in list_people(slug)]
    found = [(email, store.lookup("email", email).profiles) for email in emails]
    return {email: profiles[0] for email, profiles in found if profiles}


def move_dates(lines: list[bytes], until: datetime) -> list[bytes]:
    """As if the last word had been said within the day before; days that are spoken of
    move along."""
    latest = max(
        datetime.fromisoformat(at.decode())
        for line in lines
        for at in SAID_AT.findall(line)
    )
    days = timedelta(days=(until - latest).days)

    def move_moment(match: re.Match[bytes]) -> bytes:
        return to_wire(datetime.fromisoformat(match[0].decode()) + days).encode()

    def move_day(match: re.Match[bytes]) -> bytes:
        # Of a leap year: every day exists.
        day = datetime.strptime(f"{match[0].decode()} 2024 +0000", "%d %B %Y %z") + days
        return f"{day.day} {day:%B}".encode()

    return [DAY.sub(move_day, SAID_AT.sub(move_moment, line)) for line in lines]


def list_conversations(slug: str, ids: Mapping[str, str]) -> list[bytes]:
    """Those of the profiles whose ids are known by their email address."""
    found = []
    for line in read_file(slug, "conversations.jsonl").decode().splitlines():
        before, email, after = re.split(r'(?<="profileId":")(.+?)(?=")', line)
        if email in ids:
            found.append(f"{before}{ids[email]}{after}".encode())
    return found


def stop(refusal: str) -> None:
    raise DemoIncomplete(refusal)


def fill_store(slug: str, name: str) -> tuple[str, str, Loader]:
    """A new account with one filled store: account SID, its secret, what was loaded."""
    answer = io.StringIO()
    call_command("create_account", name, "--json", stdout=answer)
    made = json.loads(answer.getvalue())
    sid, secret = made["accountSid"], made["authToken"]
    account = connect(EMBEDDED, username=sid, secret=secret)
    store = CreateStore(display_name=f"client-{slug}", description=name)
    operation = account.wait_for(account.create_store(store))
    loader = load_people(account, account.store(operation.result_id or ""), slug)
    return sid, secret, loader


def load_people(account: AccountClient, store: StoreClient, slug: str) -> Loader:
    """Their traits, as a CRM has them."""
    file = msgspec.json.decode(read_file(slug, "store.json"), type=StoreFile)
    for group in file.groups:
        wait_until_done(account, store.create_trait_group(group))
    loader = Loader(store, stop)
    for number, traits in enumerate(list_people(slug), 1):
        record = {"traits": traits, "observations": [], "summaries": []}
        loader.load_record(number, record)
    for traits in file.later:
        store.create_profile(traits)
    return loader


def add_demo_tenant(slug: str, sid: str, secret: str, loader: Loader) -> Tenant:
    tenant = Tenant(
        slug=slug,
        name=TENANTS[slug],
        address=EMBEDDED,
        account_sid=sid,
        store_id=loader.store.store_id,
        pinned_groups=PINNED[slug],
    )
    save_tenant(tenant, secret, Actor(None))
    log(Actor(None, tenant), "memory.loaded", **loader.report.counts())
    return tenant


def spread_arrivals(ids: Mapping[str, Mapping[str, str]]) -> None:
    """Customers came one after the other, not all on the day of the demo: each a day
    before they first said something."""
    profiles = apps.get_model("service", "Profile").objects
    now, day = timezone.now(), timedelta(days=1)
    came = {
        id_: now - day * (number % ARRIVALS)
        for number, id_ in enumerate(profiles.values_list("id", flat=True))
    }
    for slug in TENANTS:
        for line in move_dates(list_conversations(slug, ids[slug]), now):
            said = json.loads(line)
            [profile_id] = [
                each["profileId"]
                for each in said["participants"]
                if "profileId" in each
            ]
            at = datetime.fromisoformat(said["communications"][0]["occurredAt"]) - day
            came[profile_id] = min(at, came[profile_id])
    for profile_id, at in came.items():
        profiles.filter(id=profile_id).update(created_at=at)


@transaction.atomic
def write_week(
    ids: Mapping[str, Mapping[str, str]], people: Mapping[str, User]
) -> None:
    """What staff did before, as far as their customers are there; ids by tenant and
    email address."""
    today = timezone.now().date()
    for line in read_file("", "week.jsonl").splitlines():
        act = json.loads(line)
        profile_id = ids[act["tenant"]].get(act["customer"], "")
        if act["customer"] and not profile_id:
            continue
        clock = time.fromisoformat(act["at"])
        details, reason = act.get("details", {}), act.get("reason", "")
        salt = secrets.token_hex(16) if reason else ""
        on = act.get("on") or (["profile", profile_id] if profile_id else ["", ""])
        facts = {
            "at": datetime.combine(today, clock, UTC) - timedelta(days=act["days"]),
            "actor_id": str(people[act["who"]].pk),
            "actor": act["who"],
            "role": STAFF[act["who"]][1].value,
            "tenant": act["tenant"],
            "action": act["action"],
            "object_type": on[0],
            "object_id": on[1],
            "outcome": act.get("outcome", "done"),
            "details": details,
            "reason_digest": digest_reason(salt, reason) if reason else "",
            "request_id": "",
            "profile_id": profile_id,
        }
        [entry] = append(lock_head(), [facts])
        if reason:
            AuditReason.objects.create(entry=entry, salt=salt, text=reason)


def work_a_little(tenant: Tenant) -> None:
    """Two observations added, one corrected and one retracted, a trait corrected, a
    profile deleted."""
    store = open_store(tenant)
    officer = User.objects.get(email="officer@demo.example")
    actor = Actor(officer, tenant, Role.OFFICER)
    [profile_id] = list(find_ids(store, tenant.slug).values())[:1]
    texts = ("Prefers a call back after 17:00.", "Has moved abroad for good.")
    at = timezone.now() - timedelta(days=2)
    noted = [
        NewObservation(content=text, source="support desk", occurred_at=at)
        for text in texts
    ]
    with log_change(actor, "observation.added", "profile", profile_id, count=2):
        store.create_observations(profile_id, noted)
    found = {item.content: item for item in store.list_observations(profile_id).items}
    item, moved = (found[text] for text in texts)
    kept = apps.get_model("service", "Observation").objects.filter(
        id__in=[item.id, moved.id]
    )
    kept.update(created_at=at, updated_at=at)
    reason = "The customer says it is wrong, ticket DESK-7"
    logged = partial(log_change, actor, about=[profile_id])
    with logged(
        "observation.corrected", "observation", item.id, reason=reason
    ) as closing:
        content = "Prefers a call back after 18:00, never on Fridays."
        change = OBSERVATION.change(content=content)
        OBSERVATION.patch(store, profile_id, item.id, change)
        now = OBSERVATION.fetch(store, profile_id, item.id)
        closing["updated_at"] = to_wire(now.updated_at)
    because = "It is about somebody else"
    retracted = PatchObservation(retracted_for=because)
    with logged("observation.retracted", "observation", moved.id, reason=because):
        OBSERVATION.patch(store, profile_id, moved.id, retracted)
    with logged("trait.corrected", "trait", "Support.preferredChannel", reason=reason):
        store.patch_profile(profile_id, {"Support": {"preferredChannel": "sms"}})
    DeletionPolicy.objects.create(tenant=tenant, cool_off_hours=0)
    contact = {"email": f"test@{tenant.slug}.example"}
    gone = store.create_profile({"Contact": contact}).id
    delete_item(
        Target(PROFILE, gone, gone),
        actor,
        counts={
            "profiles": 1,
            "identifiers": 1,
            "traits": 1,
            "observations": 0,
            "summaries": 0,
        },
        reason_code=Deletion.ReasonCode.TEST,
        reason="Made while trying the sign-up form, ticket DESK-9",
    )
    leave_to_do(actor, store, profile_id, item.id)


def leave_to_do(actor: Actor, store: StoreClient, profile_id: str, wanted: str) -> None:
    """A deletion that waits for a second officer, and a case of Recall."""
    officer, tenant = actor.in_tenant()
    contact = {"firstName": "Vera", "email": f"vera.holm@{tenant.slug}.example"}
    leaving = store.create_profile({"Contact": contact}).id
    found = take_inventory([Target(PROFILE, leaving, leaving)], actor)
    request, _ = open_request(
        found,
        actor,
        channel=Deletion.Channel.EMAIL,
        identity_proof=Deletion.IdentityProof.CALLED_BACK,
        reason_code=Deletion.ReasonCode.CUSTOMER,
        received_on=timezone.localdate() - timedelta(days=3),
        ticket="DESK-12",
    )
    submit(request, actor, found.digest)
    case = RecallCase(
        tenant=tenant,
        suite="Calls",
        name="When may we call back?",
        profile_id=profile_id,
        asked={"mode": "query", "query": "when may we call back"},
        wanted=[wanted],
        created_by=officer,
    )
    case.save()
    run_case(case, store, actor)


def publish(tenant: Tenant) -> None:
    """A base with questions and answers, a policy and a manual; the worker reads them."""
    client = open_account(tenant).knowledge
    base_id = client.create_base(CreateKnowledgeBase(display_name="help-centre"))
    for path in sorted((Path(__file__).parent / tenant.slug / "knowledge").iterdir()):
        content = path.read_bytes()
        file = SentFile(
            file_name=path.name,
            file_size=len(content),
            mime_type=cast(Any, MIME_TYPES[path.suffix]),
        )
        name = path.stem.replace("-", " ").capitalize()
        source = CreateKnowledge(name=name, source=file)
        client.create_source(base_id, source, io.BytesIO(content))
    tenant.knowledge_bases = [base_id]
    tenant.save(update_fields=["knowledge_bases"])


def connect_segment(tenant: Tenant) -> None:
    """The emulator's (segment.py), and an assistant with both engines on."""
    workspace = Workspace(
        tenant=tenant, name="Alpenglow web shop (emulated)", space="spa_emulator"
    )
    secrets = {"token": "profile-token", "write_key": "write-key"}
    workspace.seal(secrets | {"public_token": "public-token"})
    workspace.seen_until = timezone.now()
    workspace.save()
    tenant.assistants.create(
        name="Shop assistant",
        description="Answers about orders, claims and the right boots",
        perception=True,
    )


def add_people(password: str) -> dict[str, User]:
    """The demo people by email address; one that exists keeps name and password."""
    return {
        email: User.objects.filter(email=email).first()
        or User.objects.create_user(email, name=name, password=password)
        for email, (name, _) in STAFF.items()
    }


@transaction.atomic
def add_staff(tenants: list[Tenant], password: str) -> None:
    for email, user in add_people(password).items():
        role = STAFF[email][1]
        covered: list[Tenant | None] = [None] if role is Role.OPERATOR else [*tenants]
        for tenant in covered:
            if not user.memberships.filter(tenant=tenant).exists():
                add_member(user, tenant=tenant, role=role)
