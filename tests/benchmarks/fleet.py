"""The list of all tenants, as it grows: queries, CPU ms (median of 9), HTML."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import process_time

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console.accounts.models import User
from console.contract.ids import new_id
from console.monitoring.models import Health, Kind, Result
from console.tenants.models import Tenant

SIZES, ROUNDS = (10, 100, 1000), 9
ADDRESSES = {
    "tenants": "/tenants/",
    "sorted": "/tenants/?sort=room&page=2",
    "filtered": "/tenants/?check=canary&state=fails&words=9",
}
USAGE = {
    "room": {"stores": (14, 15), "observations": (812, 10_000), "groups": (6, 50)},
    "knowledge": {"bases": 1, "sources": 3, "failed": 0},
    "retention": {"observation": 90},
    "entry": 12,
    "ended": 20,
    "learned": 18,
}
WORDS = {"words": "The configuration support has lost statusCallbacks."}


def run() -> None:
    print(f"\n{'page':<12}{'tenants':>8}{'queries':>9}{'CPU ms':>8}{'kB HTML':>9}")
    client = Client()
    client.force_login(User.objects.get(email="operator@demo.example"))
    for size in SIZES:
        with many_tenants(size):
            for name, address in ADDRESSES.items():
                print(f"{name:<12}{size:>8}{measure(client, address)}")


def measure(client: Client, address: str) -> str:
    times = []
    for _ in range(ROUNDS):
        begin = process_time()
        response = client.get(address)
        times.append((process_time() - begin) * 1000)
        assert response.status_code == 200
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    size = len(response.content) / 1000
    return f"{len(queries):>9}{median(times):>8.0f}{size:>9.0f}"


@contextmanager
def many_tenants(count: int) -> Iterator[None]:
    """Beside the demo's, each with a result of every kind."""
    tenants = Tenant.objects.bulk_create(
        Tenant(slug=f"client-{n}", name=f"Client {n}", store_id=new_id("mem_store"))
        for n in range(count)
    )
    states, talk = list(Health), new_id("conv_conversation")
    error = {"code": "530003", "at": timezone.now().isoformat(), "talk": talk}
    Result.objects.bulk_create(
        Result(
            tenant=tenant,
            kind=kind,
            state=states[(n + place) % len(states)],
            facts=USAGE | {"error": error} if kind == Kind.USAGE else WORDS,
        )
        for n, tenant in enumerate(tenants)
        for place, kind in enumerate(Kind)
    )
    try:
        yield
    finally:
        Result.objects.filter(tenant__in=[x.pk for x in tenants]).delete()
        Tenant.objects.filter(pk__in=[x.pk for x in tenants]).delete()
