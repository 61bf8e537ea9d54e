"""Customers that nobody is: made to see whether a memory works, and always removed.

By its address anybody can tell that one is synthetic, and each has a mark of its own, by
which it is found again though whoever made it died before it had noted the id.
"""

from contextlib import suppress
from datetime import timedelta
from secrets import token_hex
from typing import Any

from django.utils import timezone
from django_tasks import task

from console.client.errors import MemoryConflict, MemoryNotFound
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.conversations.conversation import Conversation
from console.core.errors import DomainError
from console.databases.compaction import enqueue_once
from console.monitoring.models import Made
from console.profiles.candidates import SYNTHETIC
from console.tenants.models import Tenant
from console.tenants.vault import open_store

ID_TYPE, SOURCE = "email", "canary"
# Whoever made one is done with it by then, or dead.
USED_FOR = timedelta(minutes=20)
# A write that a dead run has begun can be seen this much later, at the most.
SETTLES, AGAIN = timedelta(hours=1), timedelta(minutes=5)
NEWEST = 100


def note(tenant: Tenant, kind: str) -> Made:
    """One that is about to be made."""
    mark, now = f"{kind}-{token_hex(6)}", timezone.now()
    times = {"free_at": now + USED_FOR, "until": now + SETTLES}
    return Made.objects.create(tenant=tenant, mark=mark, **times)


def get_address(made: Made) -> str:
    return f"{made.mark}@{SYNTHETIC}"


def create_profile(store: StoreClient, made: Made, name: str = "") -> str:
    """Its id. Repeated, it is the same one. Raises MemoryProblem.

    name  words to be searched by
    """
    for group in all_pages(store.list_trait_groups):
        for trait, definition in group.definitions.items():
            if definition.id_type_promotion == ID_TYPE:
                traits: dict[str, Any] = {trait: get_address(made)}
                if "firstName" in group.definitions:
                    traits |= {"firstName": name or "Synthetic"}
                return store.create_profile({group.display_name: traits}).id
    raise MemoryConflict(
        "No trait of the store names a customer by email.", code=0, http_status=409
    )


def find_profiles(store: StoreClient, made: Made) -> set[str]:
    return set(store.lookup(ID_TYPE, get_address(made)).profiles or ())


def find_conversation(store: StoreClient, made: Made) -> Conversation | None:
    """Among the newest."""
    page = store.conversations.list_conversations(page_size=NEWEST)
    mine = (x for x in page.items if x.metadata.get("synthetic") == made.mark)
    return next(mine, None)


def remove(store: StoreClient, made: Made) -> bool:
    """All that it knows or finds; whether there still was a profile. Raises
    MemoryProblem."""
    with suppress(MemoryNotFound):
        found = None if made.conversation else find_conversation(store, made)
        if id_ := found.id if found else made.conversation:
            store.conversations.delete_conversation(id_)
    was_there = False
    for each in {made.profile, *find_profiles(store, made)} - {""}:
        with suppress(MemoryNotFound):
            store.delete_profile(each)
            was_there = True
    return was_there


def clean(tenant: Tenant | None = None) -> None:
    """Remove what nobody uses any more, and look once more later: a row goes when nothing
    is there. What cannot be asked now is asked again."""
    rows = Made.objects.filter(free_at__lte=timezone.now(), tenant__removed_at=None)
    for made in rows.filter(tenant=tenant) if tenant else rows:
        now = timezone.now()
        try:
            if remove(open_store(made.tenant), made):
                made.until = now
            elif made.until <= now:
                made.delete()
                continue
        except DomainError:
            pass  # it is asked again
        made.free_at = now + AGAIN
        made.save()


@task()
def clean_left() -> None:
    """Safe to run twice."""
    clean()


def request_cleaning() -> None:
    """By the worker, each minute."""
    rows = Made.objects.filter(free_at__lte=timezone.now(), tenant__removed_at=None)
    if rows.exists():
        enqueue_once(clean_left)
