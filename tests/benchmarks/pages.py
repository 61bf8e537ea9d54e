"""Each page: queries, server milliseconds (median of 15), HTML size."""

from statistics import median
from time import perf_counter

from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.accounts.models import User
from console.tenants.memory import store_of
from console.tenants.models import Tenant

ROUNDS = 15


def addresses() -> dict[str, tuple[str, str]]:
    """A page's name to the person who opens it and its address."""
    tenant = Tenant.objects.get(slug="brightline")
    store = store_of(tenant)
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
        "traits": ("agent", f"{at}/profiles/{largest}/traits/"),
        "observations": ("agent", f"{at}/profiles/{largest}/observations/"),
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
    print(f"\n{'page':<28}{'queries':>8}{'ms':>8}{'kB HTML':>9}")
    for name, (person, address) in addresses().items():
        client = Client()
        client.force_login(User.objects.get(email=f"{person}@demo.example"))
        client.get(address)
        times = []
        for _ in range(ROUNDS):
            begin = perf_counter()
            response = client.get(address)
            times.append((perf_counter() - begin) * 1000)
        assert response.status_code == 200, (name, response.status_code)
        queries = _queries(client, address)
        size = len(response.content) / 1000
        print(f"{name:<28}{queries:>8}{median(times):>8.1f}{size:>9.1f}")


def _queries(client: Client, address: str) -> int:
    with (
        CaptureQueriesContext(connections["default"]) as console,
        CaptureQueriesContext(connections["memory"]) as memory,
    ):
        client.get(address)
    return len(console) + len(memory)
