"""Creating the demo: two tenants, their customers, and people to sign in as.

The customers are fictional and the same ones every time. Of each tenant `store.json` has
its trait groups, `people.jsonl` what a CRM knows of its customers and
`conversations.jsonl` what these say, earliest first, in the forms that `load_memory` and
`load_conversations` read; an email address stands for a profile's id. Nobody writes down
what is remembered: the memory learns it from what they say.
"""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from django.core.management import call_command
from django.db import transaction
from django_tasks import task

from console.accounts.models import User
from console.audit.log import log
from console.client.account import AccountClient, connect
from console.client.store import StoreClient
from console.contract.memory.store import CreateStore
from console.contract.memory.trait_group import CreateTraitGroup
from console.core.errors import DomainError
from console.loading.conversations import load_conversations
from console.loading.loading import Loader, wait_until_done
from console.pages.tenants.services import add_tenant
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from console.tenants.services import add_member
from console.tenants.vault import open_store

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
}


class DemoIncomplete(DomainError):
    """A text of the demo was refused by the memory: a mistake of ours."""

    title = "The demo could not be made"


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
    add_staff([add_demo_tenant(slug, *filled[slug]) for slug in TENANTS], password)
    for slug in TENANTS:
        hold_conversations.enqueue(slug, 0)


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
    is learned from them comes in between. Safe to run twice. Raises DemoIncomplete."""
    tenant = Tenant.objects.get(slug=slug)
    store, ids = open_store(tenant), dict[str, str]()
    for traits in list_people(slug):
        email = traits["Contact"]["email"]
        for profile_id in store.lookup("email", email).profiles:
            ids[email] = profile_id
    lines = list_conversations(slug, ids)
    some = list(enumerate(lines, 1))[start : start + BATCH]
    load_conversations(tenant, some, tell=stop)
    if start + BATCH < len(lines):
        hold_conversations.enqueue(slug, start + BATCH)
    return len(some)


def list_conversations(slug: str, ids: dict[str, str]) -> list[bytes]:
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
    tenant = add_tenant(
        slug=slug,
        name=TENANTS[slug],
        address=EMBEDDED,
        account_sid=sid,
        secret=secret,
        store_id=loader.store.store_id,
        by=None,
    )
    tenant.pinned_groups = PINNED[slug]
    tenant.save(update_fields=["pinned_groups"])
    log(Actor(None, tenant), "memory.loaded", **loader.report.counts())
    return tenant


@transaction.atomic
def add_staff(tenants: list[Tenant], password: str) -> None:
    """The demo people; one that exists keeps name and password."""
    for email, (name, role) in STAFF.items():
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, name=name, password=password)
        covered: list[Tenant | None] = [None] if role is Role.OPERATOR else [*tenants]
        for tenant in covered:
            if not user.memberships.filter(tenant=tenant).exists():
                add_member(user, tenant=tenant, role=role)
