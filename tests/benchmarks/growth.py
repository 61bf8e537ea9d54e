"""Each page at its allowed maximum, as growth against its default size.

Both sizes take turns in one run and CPU time is measured, so that the ratios hold on a
busy machine too. A page whose cost grows faster than its size computes something again
for each row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import process_time

from django.test import Client

from console.accounts.models import User
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory.trait_group import CreateTraitGroup, NewTraitDefinition
from console.profiles.context import derived
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.benchmarks.timeline import COUNT, COUNT_STEP, find_next, long_life

ROUNDS = 3
TRAITS = 95
# The demo's one customer with over 500 observations.
USUAL = "odalys.northfield@example.net"


@dataclass(frozen=True, slots=True)
class Growth:
    """The addresses of a page at both sizes, and what the sizes are."""

    page: str
    usual: str
    largest: str
    usual_size: int
    largest_size: int
    person: str = "agent"


def run() -> None:
    print(
        f"\n{'growth at the maximum':<28}{'size':>14}{'ms':>8}{'max ms':>8}{'size':>8}{'cost':>8}"
    )
    for growth in list_growths(Tenant.objects.get(slug="brightline")):
        client = Client()
        user = User.objects.get(email=f"{growth.person}@demo.example")
        client.force_login(user)
        # An address with words in it leads to one without.
        addresses = [settle(client, each) for each in (growth.usual, growth.largest)]
        times: list[list[float]] = [[], []]
        for _ in range(ROUNDS + 1):
            for address, measured in zip(addresses, times, strict=True):
                measured.append(measure(client, address))
        # The first of each fills the caches.
        usual, largest = (median(measured[1:]) for measured in times)
        sizes = f"{growth.usual_size:,} > {growth.largest_size:,}"
        ratio = growth.largest_size / growth.usual_size
        print(
            f"{growth.page:<28}{sizes:>14}{usual:>8.0f}{largest:>8.0f}"
            f"{ratio:>7.1f}x{largest / usual:>7.1f}x"
        )


def settle(client: Client, address: str) -> str:
    answer = client.get(address)
    return answer["Location"] if answer.status_code == 302 else address


def measure(client: Client, address: str) -> float:
    """CPU ms of a page; of a histogram, which begins to count anew, all its steps."""
    derived.clear()
    begin = process_time()
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        body = b"".join(answer) if answer.streaming else answer.content
        address = find_next(body.decode(), COUNT_STEP) if "/density/" in address else ""
    return (process_time() - begin) * 1000


def list_growths(tenant: Tenant) -> Iterator[Growth]:
    store = open_store(tenant)
    [usual] = store.lookup("email", USUAL).profiles
    largest = long_life(tenant)
    at = f"/t/{tenant.slug}"
    query = f"{at}/recall/?identity={usual}&mode=query&query=order+late&explain=on"
    most = "&observations=100&summaries=100"
    yield Growth(
        "recall, explained", query, query + most, 25, count_recalled(store, usual)
    )
    yield Growth(
        "traits",
        f"{at}/profiles/{usual}/traits/",
        f"{at}/profiles/{make_widest(store)}/traits/",
        sum(map(len, store.fetch_profile(usual).traits.values())),
        TRAITS,
    )
    observations = count_observations(store, usual)
    for page, person, path in (
        ("profile", "agent", ""),
        ("timeline", "agent", "timeline/"),
        ("timeline, histogram", "agent", "timeline/density/"),
        ("export", "officer", "export/?what=timeline&format=csv"),
        ("delete a profile, preview", "officer", "delete/"),
    ):
        addresses = (f"{at}/profiles/{id_}/{path}" for id_ in (usual, largest))
        yield Growth(page, *addresses, observations, COUNT, person)
    asked = f"{at}/recall/?mode=query&query=line+slow&identity="
    yield Growth(
        "recall in a long timeline", asked + usual, asked + largest, observations, COUNT
    )


def count_recalled(store: StoreClient, profile_id: str) -> int:
    found = store.recall(
        profile_id, query="order late", observations_limit=100, summaries_limit=100
    )
    return len(found.observations) + len(found.summaries)


def count_observations(store: StoreClient, profile_id: str) -> int:
    return len(list(all_pages(store.list_observations, profile_id)))


def make_widest(store: StoreClient) -> str:
    """A profile with as many traits as are allowed."""
    names = [f"trait{number}" for number in range(TRAITS)]
    store.create_trait_group(
        CreateTraitGroup(
            display_name="Wide",
            traits={name: NewTraitDefinition(data_type="STRING") for name in names},
        )
    )
    profile = store.create_profile({"Contact": {"email": "wide@example.net"}}).id
    values = {name: f"Call +1555867{name[5:]:>04} after six." for name in names}
    store.patch_profile(profile, {"Wide": values})
    return profile
