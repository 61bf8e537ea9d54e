"""The trial on one database: `python -m tests.residue.trial NAME PROFILES LOG`.

Plants, deletes by every door, has a worker do what is waiting, and looks after each of
these. Exits with 1 when a deleted marker is left, or one of a neighbour's is gone.
"""

import io
import logging
import re
import sys
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic

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

from console.client.errors import MemoryNotFound  # noqa: E402
from console.client.store import StoreClient  # noqa: E402
from console.contract.memory.observation import PatchObservation  # noqa: E402
from console.databases.vault import decrypt  # noqa: E402
from console.tenants.models import Role, Tenant  # noqa: E402
from console.tenants.vault import open_account, open_store  # noqa: E402
from console.wsgi import application  # noqa: E402
from tests.factories import (  # noqa: E402
    make_conversation,
    make_observation,
    make_summary,
    make_tenant,
    make_user,
)
from tests.residue.markers import Net, make_phone, make_word  # noqa: E402
from tests.residue.places import AGES_OUT, read_places  # noqa: E402

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
            f"{profile}/identifiers/",
            f"{profile}/traits/",
            f"/t/{tenant.slug}/recall/?identity={each.profile}&mode=query&query=March",
            f"/t/{tenant.slug}/conversations/?profile={each.profile}",
            f"/find?id=phone:{phone}",
        ):
            officer.get(path, headers={"HX-Request": "true"}, follow=True)
        # Not signed in: the address waits in a session.
        Client(headers={"Host": "localhost"}).get(f"/find?id=phone:{phone}")


def delete_by_page(officer: Client, tenant: Tenant, kind: str, *ids: str) -> None:
    parts = [*ids] if kind == "profile" else [ids[0], PLURALS[kind], ids[1]]
    url = f"/t/{tenant.slug}/profiles/{'/'.join(parts)}/delete/"
    page = officer.get(url).content.decode()
    [inventory] = re.findall(r'name="inventory" value="(\w+)"', page)
    form = {
        "inventory": inventory,
        "confirmation": ids[-1][-6:],
        "reason_code": "customer_request",
        "reason": "Ticket 1",
    } | ({"tenant_confirmation": tenant.slug} if kind == "profile" else {})
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


def list_returned(tenant: Tenant, customers: list[Customer]) -> list[str]:
    """Deleted profiles that the memory still knows."""
    store, found = open_store(tenant), []
    for each in customers:
        with suppress(MemoryNotFound):
            found.append(store.fetch_profile(each.profile).id)
        if phone := each.markers.get("phone"):
            found += store.lookup("phone", f"+{phone}").profiles
    return found


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


def main(name: str, count: int, log: Path) -> int:
    started = monotonic()
    keep_log(log)
    call_command("prepare", stdout=io.StringIO())
    tenant, other = make_tenant("acme"), make_tenant("other")
    officer = Client(headers={"Host": "localhost"})
    officer.force_login(make_user(Role.OFFICER, tenant))
    neighbours = plant(tenant, range(count // 4 + 1))
    first, whole = len(neighbours), count // 10 + 1
    customers = plant(tenant, range(first, first + count))
    of_store = plant(other, range(first + count, first + count + whole))
    customers += import_customers(tenant, range(whole))
    look_around(officer, tenant, customers)
    if connections["memory"].vendor == "postgresql":
        for alias in connections:
            connections[alias].cursor().execute("ANALYZE")
    table = Table(net(customers + of_store), net(neighbours), log)
    table.look(PLANTED)
    delete(officer, tenant, customers)
    open_account(other).delete_store(other.store_id)
    table.look(DELETED)
    work_off(timedelta(seconds=10))
    table.look(AT_ONCE)
    work_off(timedelta(days=1))
    table.look(DONE)
    seconds = monotonic() - started
    return report(name, table, seconds, list_returned(tenant, customers), neighbours)


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
    print(f"  {left} left, {len(returned)} still known, {len(lost)} lost by others\n")
    return int(bool(left or returned or lost))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
