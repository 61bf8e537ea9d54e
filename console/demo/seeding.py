"""Creating the demo: two tenants, their customers, and people to sign in as."""

import io
import json
from collections.abc import Callable

from django.core.management import call_command
from django.db import transaction

from console.accounts.models import User
from console.audit.log import log
from console.client.account import AccountClient, connect
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory.observation import PatchObservation
from console.contract.memory.store import CreateStore
from console.core.errors import DomainError
from console.demo.people import (
    Correction,
    build_life,
    list_conversations,
    list_people,
    list_trait_groups,
    read_toml,
)
from console.loading.conversations import load_conversations
from console.loading.loading import Loader, wait_until_done
from console.pages.tenants.services import add_tenant
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from console.tenants.services import add_member

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
    """Fill both stores, then add the tenants and the people in one go.

    An interrupted run leaves no tenant behind, so the next one starts anew.
    Raises DemoIncomplete, MemoryProblem.
    """
    filled = {}
    for slug, name in TENANTS.items():
        progress(f"{name}: writing 40 customers and what is remembered of them")
        filled[slug] = fill_store(slug, name)
    tenants = [add_demo_tenant(slug, *filled[slug]) for slug in TENANTS]
    add_staff(tenants, password)
    for tenant in tenants:
        # The worker learns from them, as it does from a customer's own.
        people = list_people(tenant.slug)
        lines = enumerate(list_conversations(tenant.slug, people), 1)
        load_conversations(tenant, lines, tell=_stop)


def _stop(refusal: str) -> None:
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
    for group in list_trait_groups(slug):
        wait_until_done(account, store.create_trait_group(group))

    def stop(refusal: str) -> None:
        raise DemoIncomplete(f"{slug}: {refusal}")

    loader = Loader(store, stop)
    for number, person in enumerate(list_people(slug), 1):
        life = build_life(slug, person)
        profile_id = loader.load_record(number, life.build_record())
        for correction in life.corrections:
            apply_correction(store, profile_id or "", correction)
    for contact in read_toml(slug, "people")["later"]:
        store.create_profile({"Contact": contact})
    return loader


def apply_correction(
    store: StoreClient, profile_id: str, correction: Correction
) -> None:
    """Patch what was written down wrong, so that it has a revision."""
    talk = correction.conversation_id
    for observation in all_pages(
        store.list_observations, profile_id, conversation_id=talk
    ):
        if observation.content == correction.was:
            change = PatchObservation(content=correction.now)
            store.patch_observation(profile_id, observation.id, change)


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
