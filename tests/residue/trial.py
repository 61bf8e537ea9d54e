"""The trial on one database: `python -m tests.residue.trial NAME PROFILES LOG`.

Plants, deletes by every door, has a worker do what is waiting, and looks after each of
these. Exits with 1 when a deleted marker is left, or one of a neighbour's is gone.
"""

import io
import logging
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from uuid import uuid4

from console.core.bootstrap import prepare_process

prepare_process()

import django  # noqa: E402

django.setup()

import httpx  # noqa: E402
import time_machine  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from console.client.store import StoreClient  # noqa: E402
from console.contract.memory.observation import (  # noqa: E402
    NewObservation,
    PatchObservation,
)
from console.databases.encryption import decrypt  # noqa: E402
from console.pages.deletions.models import DeletionPolicy  # noqa: E402
from console.profiles.whole import Traces, find_remains, read_whole  # noqa: E402
from console.service.memory.models import Profile  # noqa: E402
from console.service.models import ProfileScoped, find_models  # noqa: E402
from console.tenants.models import Role, Tenant  # noqa: E402
from console.tenants.vault import open_account, open_store  # noqa: E402
from console.wsgi import application  # noqa: E402
from tests.factories import (  # noqa: E402
    make_conversation,
    make_observation,
    make_profile,
    make_summary,
    make_tenant,
    make_user,
)
from tests.residue.markers import Net, make_phone, make_word  # noqa: E402
from tests.residue.places import AGES_OUT, read_places  # noqa: E402

PATHS = 14  # that a verification tries at least
ITEMS_ONLY = 5  # of so many profiles the first loses only its items
PLANTED, DELETED, AT_ONCE, DONE = STAGES = ("planted", "deleted", "at once", "next day")


@dataclass
class Customer:
    """One profile, and the markers of it that no other has."""

    number: int
    profile: str = ""
    markers: dict[str, str] = field(default_factory=dict)

    def mark(self, of: str) -> str:
        return self.markers.setdefault(of, make_word(of))


def plant(tenant: Tenant, numbers: range) -> list[Customer]:
    return [plant_customer(tenant, Customer(number)) for number in numbers]


def plant_customer(tenant: Tenant, customer: Customer) -> Customer:
    """What a profile can have, everywhere where it has texts."""
    store, mark = open_store(tenant), customer.mark
    customer.markers["phone"] = make_phone(customer.number)
    contact = {
        "phone": f"+{customer.markers['phone']}",
        "email": f"{mark('email')}@example.com",
        "firstName": mark("name"),
        "city": f"{mark('trait')} on Sea",
    }
    profile = customer.profile = store.create_profile({"Contact": contact}).id
    store.add_identifier(profile, "chat", mark("chat"))
    text = f"Told us about the {mark('old fact')} in March."
    observation = make_observation(tenant, profile, text, source=mark("source"))
    new = f"Told us about the {mark('fact')} in May."
    store.patch_observation(profile, observation.id, PatchObservation(content=new))
    make_summary(tenant, profile, f"A call about the {mark('summary')}, at length.")
    # Merged into the one above, whose city is older; the record of it keeps both.
    twin = {"email": f"{mark('twin')}@example.com", "city": mark("twin's trait")}
    store.create_profile({"Contact": twin})
    store.add_identifier(profile, "email", twin["email"])
    suggest_merge(store, customer)
    make_conversation(
        tenant,
        f"I have told you about the {mark('said')} that I lost in Bergen.",
        address=contact["phone"],
        name=mark("speaker"),
        closes=True,
        callbacks=["https://hooks.example/"],
    )
    return customer


def suggest_merge(store: StoreClient, customer: Customer) -> None:
    """With somebody who is not deleted, by a value of the customer."""
    stranger = make_phone(customer.number + 5_000)
    other = {"email": f"s{stranger}@example.com", "phone": f"+{stranger}"}
    other_id = store.create_profile({"Contact": other | {"firstName": "Unlike"}}).id
    store.add_identifier(other_id, "chat", customer.mark("chat"))
    assert store.list_merge_suggestions().items[0].profiles[1] == other_id


def import_customers(tenant: Tenant, numbers: range) -> list[Customer]:
    """From a file, which goes through the database in pieces."""
    customers = [Customer(number) for number in numbers]
    rows = [f"{x.mark('import')}@example.com,{x.mark('town')}\r\n" for x in customers]
    content = "".join(["email,city\r\n", *rows]).encode()
    http = httpx.Client(
        transport=httpx.WSGITransport(app=application),
        base_url="http://localhost",
        auth=(tenant.account_sid, decrypt_token(tenant)),
    )
    columns = [
        {"columnName": name, "traitGroup": "Contact", "traitName": name}
        for name in ("email", "city")
    ]
    body = {
        "filename": "customers.csv",
        "fileSize": len(content),
        "columnMappings": columns,
    }
    announced = http.post(f"/v1/Stores/{tenant.store_id}/Profiles/Imports", json=body)
    http.put(announced.json()["url"], content=content).raise_for_status()
    work_off(timedelta(seconds=2))
    store = open_store(tenant)
    for each in customers:
        found = store.lookup("email", f"{each.markers['import']}@example.com")
        [each.profile] = found.profiles
    return customers


def decrypt_token(tenant: Tenant) -> str:
    return decrypt(tenant.encrypted_token, context=tenant.token_context)


def look_around(officer: Client, tenant: Tenant, customers: list[Customer]) -> None:
    """As staff do, so that every page may leave what it leaves."""
    for each in customers:
        profile = f"/t/{tenant.slug}/profiles/{each.profile}"
        phone = f"%2B{each.markers.get('phone', '')}"
        for path in (
            f"{profile}/",
            f"{profile}/timeline/?words={each.markers.get('fact', '')}",
            f"{profile}/timeline/histogram/",
            f"{profile}/traits/",
            f"/t/{tenant.slug}/recall/?identity={each.profile}&mode=query&query=March",
            f"/t/{tenant.slug}/conversations/?profile={each.profile}",
            f"/find?id=phone:{phone}",
        ):
            officer.get(path, headers={"HX-Request": "true"}, follow=True)
        # Not signed in: the address waits in a session.
        Client(headers={"Host": "localhost"}).get(f"/find?id=phone:{phone}")


def ask_for_access(officer: Client, tenant: Tenant, customers: list[Customer]) -> None:
    """Packages that are made, and never downloaded."""
    reason = {"reason_code": "erasure", "ticket": "CASE-1"}
    for each in customers:
        profile = f"/t/{tenant.slug}/profiles/{each.profile}"
        assert officer.post(f"{profile}/access/", reason).status_code == 302
    work_off(timedelta(seconds=2))
    assert tenant.packages.exclude(content="").count() == len(customers)


def delete_by_page(officer: Client, tenant: Tenant, kind: str, *ids: str) -> None:
    parts = [*ids] if kind == "profile" else [ids[0], PLURALS[kind], ids[1]]
    url = f"/t/{tenant.slug}/profiles/{'/'.join(parts)}/delete/"
    # Who it is was proven more than ten minutes ago, where there are many.
    officer.force_login(tenant.memberships.get(role=Role.OFFICER).user)
    page = officer.get(url).content.decode()
    [inventory] = re.findall(r'name="inventory" value="(\w+)"', page)
    form = {
        "inventory": inventory,
        "confirmation": ids[-1][-6:],
        "reason_code": "customer_request",
    }
    if kind == "profile":
        form |= {
            "tenant_confirmation": tenant.slug,
            "channel": "email",
            "identity_proof": "document",
            "received_on": f"{timezone.now().date()}",
            "ticket": "CASE-1",
        }
    else:
        form |= {"reason": "Ticket 1"}
    assert officer.post(url, form).status_code == 302, url


PLURALS = {"observation": "observations", "summary": "summaries"}


def delete(officer: Client, tenant: Tenant, customers: list[Customer]) -> None:
    """By turns on a page and by the API; of some only what hangs on the profile."""
    store = open_store(tenant)
    for turn, each in enumerate(customers):
        by_page = turn % 2 == 0
        if turn % ITEMS_ONLY == 0:
            delete_items(officer, tenant, each, by_page=by_page)
        if by_page:
            delete_by_page(officer, tenant, "profile", each.profile)
        else:
            store.delete_profile(each.profile)


def delete_items(
    officer: Client, tenant: Tenant, customer: Customer, *, by_page: bool
) -> None:
    store, profile = open_store(tenant), customer.profile
    for kind, list_page, delete_one in (
        ("observation", store.list_observations, store.delete_observation),
        ("summary", store.list_summaries, store.delete_summary),
    ):
        for item in list_page(profile).items:
            if by_page:
                delete_by_page(officer, tenant, kind, profile, item.id)
            else:
                delete_one(profile, item.id)


def work_off(after: timedelta) -> None:
    """What `manage.py db_worker` finds to do that much later."""
    with time_machine.travel(timezone.now() + after, tick=True):
        call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


def list_returned(tenant: Tenant, erased: list[Traces]) -> list[str]:
    """By which paths something of them is still found."""
    found = []
    for traces in erased:
        remains = find_remains(tenant, traces)
        assert len(remains) >= PATHS, remains
        found += [path for path, is_found in remains.items() if is_found]
    return found


def freeze(tenant: Tenant, customers: list[Customer]) -> dict[str, bytes]:
    """Every row of a profile, in every table of the memory, as bytes."""
    frozen = {}
    for each in customers:
        profile = Profile.objects.get(store_id=tenant.store_id, id=each.profile)
        rows = [Profile.objects.filter(pk=profile.pk)]
        rows += [model.objects.of(profile) for model in find_models(ProfileScoped)]
        found = [sorted(map(repr, some.values_list())) for some in rows]
        frozen[each.profile] = repr(found).encode()
    return frozen


@contextmanager
def writing(tenant: Tenant, profiles: list[str]) -> Iterator[None]:
    """Others keep learning, and new ones come, meanwhile. Raises what went wrong there."""
    over = Event()

    def write(profile: str) -> None:
        store = open_store(tenant)
        while not over.wait(0.02):
            fact = NewObservation(
                content="Wrote again.", source="writer", occurred_at=timezone.now()
            )
            store.create_observations(profile, [fact])
            store.create_profile({"Contact": {"email": f"{uuid4()}@example.com"}})
        connections.close_all()

    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write, each) for each in profiles]
        try:
            yield
        finally:
            over.set()
    for writer in writers:
        writer.result()


class Table:
    """Hits by place and stage."""

    def __init__(self, deleted: Net, kept: Net, log: Path) -> None:
        self.deleted, self.kept, self.log = deleted, kept, log
        self.hits: dict[str, dict[str, int]] = defaultdict(dict)
        self.neighbours: Counter[bytes] = Counter()

    def look(self, stage: str) -> None:
        found: Counter[str] = Counter()
        self.neighbours.clear()
        for place, content in read_places(self.log):
            found[place] += self.deleted.count(content)
            if place.startswith("memory: "):
                self.neighbours += self.kept.tally(content)
        for place, hits in found.items():
            self.hits[place][stage] = hits

    def print(self) -> None:
        print(f"{'':<30}", *(f"{stage:>10}" for stage in STAGES))
        for place, hits in sorted(self.hits.items()):
            columns = (f"{hits.get(stage, 0):>10,}" for stage in STAGES)
            print(f"{place:<30}", *columns)

    def count_left(self) -> int:
        return sum(
            hits.get(DONE, 0) for place, hits in self.hits.items() if place != AGES_OUT
        )


def net(customers: list[Customer]) -> Net:
    return Net(text for each in customers for text in each.markers.values())


def main(name: str, profiles: int, log: Path) -> int:
    started = monotonic()
    keep_log(log)
    call_command("prepare", stdout=io.StringIO())
    tenant, other = make_tenant("acme"), make_tenant("other")
    # Each request is carried out as soon as the worker comes.
    for each in (tenant, other):
        DeletionPolicy(each.pk, approval_above=None, cool_off_hours=0).save()
    officer = Client(headers={"Host": "localhost"})
    officer.force_login(make_user(Role.OFFICER, tenant))
    neighbours = plant(tenant, range(profiles // 4 + 1))
    first, whole = len(neighbours), profiles // 10 + 1
    customers = plant(tenant, range(first, first + profiles))
    of_store = plant(other, range(first + profiles, first + profiles + whole))
    customers += import_customers(tenant, range(whole))
    ask_for_access(officer, tenant, customers)
    work_off(timedelta(seconds=10))
    look_around(officer, tenant, customers)
    if connections["memory"].vendor == "postgresql":
        for alias in connections:
            connections[alias].cursor().execute("ANALYZE")
    table = Table(net(customers + of_store), net(neighbours), log)
    writers = [make_profile(tenant) for _ in range(2)]
    table.look(PLANTED)
    erased = [
        Traces.of(read_whole(open_store(tenant), each.profile)) for each in customers
    ]
    before = freeze(tenant, neighbours)
    with writing(tenant, writers):
        delete(officer, tenant, customers)
        work_off(timedelta(seconds=0))
    after = freeze(tenant, neighbours)
    changed = [id_ for id_ in before if before[id_] != after[id_]]
    open_account(other).delete_store(other.store_id)
    table.look(DELETED)
    work_off(timedelta(seconds=10))
    table.look(AT_ONCE)
    work_off(timedelta(days=1))
    table.look(DONE)
    seconds = monotonic() - started
    returned = list_returned(tenant, erased)
    wrote = open_store(tenant).list_observations(writers[0]).items
    print(f"  {len(changed)} of {len(before)} neighbours changed, {len(wrote)} written")
    assert wrote
    assert not changed
    return report(name, table, seconds, returned, neighbours)


def keep_log(log: Path) -> None:
    """What the product logs, as it logs it."""
    handler = logging.FileHandler(log)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    logging.getLogger().addHandler(handler)


def report(
    name: str,
    table: Table,
    seconds: float,
    returned: list[str],
    neighbours: list[Customer],
) -> int:
    wanted = {m.encode() for each in neighbours for m in each.markers.values()}
    lost = {m for m in wanted if not table.neighbours[m]}
    print(f"{name}: {len(neighbours)} profiles stay, {seconds:.0f} s")
    table.print()
    left = table.count_left()
    print(
        f"  {left} left, {len(returned)} still known {set(returned) or ''}, {len(lost)} lost by others\n"
    )
    return int(bool(left or returned or lost))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
