"""Each page: queries of the console, calls of the memory, ms (median of 15), HTML."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter

from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

import tests.factories  # noqa: F401  # force_login is then a sign-in of this moment
from console.accounts.models import User
from console.client.http import Sender
from console.tenants.models import Tenant
from console.tenants.vault import open_store

ROUNDS = 15


def addresses() -> dict[str, tuple[str, str]]:
    """A page's name to the person who opens it and its address."""
    tenant = Tenant.objects.get(slug="brightline")
    store = open_store(tenant)
    ids = store.list_profiles(page_size=1000).items
    # The demo's one customer with over 500 observations.
    [largest] = store.lookup("email", "odalys.northfield@example.net").profiles
    observation = store.list_observations(largest).items[0].id
    at = f"/t/{tenant.slug}"
    run = f"{at}/recall/?identity={largest}"
    return {
        "tenants": ("operator", "/tenants/"),
        "profiles": ("agent", f"{at}/profiles/"),
        "profile, few observations": ("agent", f"{at}/profiles/{ids[0]}/"),
        "profile, over 500": ("agent", f"{at}/profiles/{largest}/"),
        "timeline": ("agent", f"{at}/profiles/{largest}/timeline/"),
        "timeline, words": ("agent", f"{at}/profiles/{largest}/timeline/?words=slow"),
        "timeline, histogram": ("agent", f"{at}/profiles/{largest}/timeline/density/"),
        "summaries": ("agent", f"{at}/profiles/{largest}/summaries/"),
        "traits": ("agent", f"{at}/profiles/{largest}/traits/"),
        "trait groups": ("agent", f"{at}/traits/"),
        "observation": (
            "agent",
            f"{at}/profiles/{largest}/observations/{observation}/",
        ),
        "recall, query over 500": ("agent", f"{run}&mode=query&query=order+late"),
        "recall, recent": ("agent", f"{run}&mode=recent"),
        "delete a profile, preview": ("officer", f"{at}/profiles/{largest}/delete/"),
        "deletions": ("officer", f"{at}/deletions/"),
        "audit": ("auditor", f"{at}/audit/"),
    }


def run() -> None:
    print(f"\n{'page':<28}{'queries':>8}{'calls':>7}{'ms':>8}{'kB HTML':>9}")
    for name, (person, address) in addresses().items():
        client = Client()
        client.force_login(User.objects.get(email=f"{person}@demo.example"))
        for moved_to, _ in client.get(address, follow=True).redirect_chain:
            address = moved_to
        times = []
        for _ in range(ROUNDS):
            begin = perf_counter()
            response = client.get(address)
            times.append((perf_counter() - begin) * 1000)
        assert response.status_code == 200, (name, response.status_code)
        with (
            CaptureQueriesContext(connections["default"]) as queries,
            _counted_calls() as calls,
        ):
            client.get(address)
        size = len(response.content) / 1000
        counts = f"{len(queries):>8}{len(calls):>7}"
        print(f"{name:<28}{counts}{median(times):>8.1f}{size:>9.1f}")


@contextmanager
def _counted_calls() -> Iterator[list[str]]:
    """The calls of a memory that a page makes."""
    calls: list[str] = []
    send = Sender._exchange

    def counted(sender: Sender, call):
        calls.append(call.path)
        return send(sender, call)

    Sender._exchange = counted
    try:
        yield calls
    finally:
        Sender._exchange = send
