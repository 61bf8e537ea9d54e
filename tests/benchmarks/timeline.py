"""A timeline of 10,000, step by step: how many steps, the slowest and the largest one.

Every kind of step is gone through to its end, as a browser does it by itself.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache as once
from html import unescape
from statistics import median
from time import perf_counter

from django.test import Client

from console.accounts.models import User
from console.contract.memory.observation import NewObservation
from console.profiles.context import derived
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.factories import HTMX

COUNT, BATCH = 10_000, 10
BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
# Each finds the next step in the answer to the one before it.
MORE_ROWS = re.compile(r'rel="next"\s+href="([^"]+)"')
SEARCH_STEP = re.compile(r'id="timeline-more"\s+hx-get="([^"]+)"')
COUNT_STEP = re.compile(r'hx-get="([^"]+density/[^"]*)"\s+hx-trigger="load')


def run() -> None:
    tenant = Tenant.objects.get(slug="brightline")
    at = f"/t/{tenant.slug}/profiles/{long_life(tenant)}/timeline/"
    client = Client()
    client.force_login(User.objects.get(email="agent@demo.example"))
    client.get(at)
    print(f"\n{f'timeline of {COUNT:,}':<28}{'steps':>7}{'ms':>8}{'worst':>8}{'kB':>8}")
    walk(client, "rows, the first twenty", at, MORE_ROWS, most=20)
    walk(client, "words that few hold", f"{at}?words=zither", SEARCH_STEP)
    derived.clear()
    walk(client, "histogram and counts", f"{at}density/", COUNT_STEP)
    walk(client, "histogram again", f"{at}density/", COUNT_STEP)


@once
def long_life(tenant: Tenant) -> str:
    """A new profile with an observation every three hours."""
    store = open_store(tenant)
    profile = store.create_profile({"Contact": {"email": "long-life@example.net"}}).id
    for first in range(0, COUNT, BATCH):
        store.create_observations(
            profile,
            [
                NewObservation(
                    content=f"Called about line {number}, which was slow again; "
                    + ("played the zither." if number % 2500 == 0 else "sent a form."),
                    source=("chat", "voice", "email")[number % 3],
                    occurred_at=BEGIN + timedelta(hours=3 * number),
                )
                for number in range(first, first + BATCH)
            ],
        )
    return profile


def walk(
    client: Client, name: str, address: str, link: re.Pattern[str], *, most: int = 999
) -> None:
    times, largest = [], 0
    while address and len(times) < most:
        begin = perf_counter()
        answer = client.get(address, headers=HTMX)
        times.append((perf_counter() - begin) * 1000)
        assert answer.status_code == 200, (name, answer.status_code)
        largest = max(largest, len(answer.content))
        address = find_next(answer.text, link)
    figures = f"{len(times):>7}{median(times):>8.0f}{max(times):>8.0f}"
    print(f"{name:<28}{figures}{largest / 1000:>8.1f}")


def find_next(text: str, link: re.Pattern[str]) -> str:
    """The address of the next step; "" after the last one."""
    found = link.search(text)
    return unescape(found[1]) if found else ""
