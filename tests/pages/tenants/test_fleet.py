"""The list of all tenants, each by what was last found out about it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from console.audit.checkpoints import make_checkpoint
from console.contract.ids import new_id
from console.monitoring.models import Health, Kind, record
from console.monitoring.usage import measure
from console.profiles.retention import set_retention
from console.tenants.models import Role, Tenant
from tests.factories import make_tenant, make_user

PAGE = "/tenants/"


def keep_usage(tenant: Tenant, **facts: Any) -> None:
    record(tenant, Kind.USAGE, Health.HOLDS, **facts)


def read_slugs(page) -> list[str]:
    return [row.tenant.slug for row, _ in page.context["rows"]]


def read_cells(page, slug: str = "acme") -> dict[str, tuple[str, str, str]]:
    """What each column says, as which state, and where it leads."""
    [cells] = [cells for row, cells in page.context["rows"] if row.tenant.slug == slug]
    return {label: (cell.state, cell.text, url) for label, cell, _, url in cells}


def test_list_tenants_shows_what_was_found_out(client, tenant, operator):
    record(tenant, Kind.DOCTOR, Health.FAILS, words="Extraction is off.")
    record(tenant, Kind.CANARY, Health.HOLDS)
    talk = new_id("conv_conversation")
    keep_usage(
        tenant,
        room={"stores": (14, 15), "observations": (None, 10_000), "groups": (2, 50)},
        ended=20,
        learned=4,
        error={"code": "530003", "at": "2026-01-05T09:00:00+00:00", "talk": talk},
        knowledge={"bases": 1, "sources": 3, "failed": 1},
        entry=1,
    )
    for kind, days in (("observation", 365), ("conversation", 90)):
        set_retention(tenant, kind, days)
    make_checkpoint()
    client.force_login(operator)

    page = client.get(PAGE)

    here = "/tenants/acme"
    assert read_cells(page) == {
        "Link": ("fails", "fails", f"{here}/doctor/"),
        "Canary": ("holds", "passes", f"{here}/canary/"),
        "Isolation": ("", "–", f"{here}/canary/"),
        "Changes": ("", "–", f"{here}/drift/"),
        "Learned": ("doubtful", "20%", f"{here}/doctor/"),
        "Room": ("doubtful", "stores 93%", f"{here}/connection/"),
        "Last error": ("doubtful", "530003", f"{here}/doctor/?of={talk}"),
        "Retention": ("holds", "90 d", ""),
        "Receipt": ("holds", "signed", "/t/acme/audit/proof/"),
        "Knowledge": ("fails", "1 failed", "/t/acme/knowledge/"),
        "Segment": ("", "–", f"{here}/segment/"),
    }
    assert "Extraction is off." in page.text


def test_list_tenants_takes_what_is_not_known_for_nothing(client, tenant, operator):
    record(tenant, Kind.USAGE, Health.UNKNOWN, words="The memory is not reached")
    record(tenant, Kind.DOCTOR, Health.UNKNOWN)
    client.force_login(operator)

    page = client.get(PAGE)

    cells = read_cells(page)
    assert cells.pop("Link")[:2] == ("unknown", "cannot tell")
    assert {cell[:2] for cell in cells.values()} == {("", "–")}


def test_list_tenants_shows_what_is_measured(client, tenant, operator):
    measure(tenant)
    client.force_login(operator)

    page = client.get(PAGE)

    assert read_cells(page)["Room"][:2] == ("holds", "stores 7%")
    assert read_cells(page)["Receipt"][:2] == ("doubtful", "overdue")


def test_list_tenants_leads_nobody_where_they_may_not_go(client, tenant, agent):
    record(tenant, Kind.DRIFT, Health.FAILS)
    client.force_login(agent)

    page = client.get(PAGE)

    assert read_cells(page)["Changes"] == ("fails", "fails", "")
    assert "/drift/" not in page.text


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("", ["bad", "odd", "acme", "good"]),
        ("?sort=name", ["acme", "bad", "good", "odd"]),
        ("?sort=-name", ["odd", "good", "bad", "acme"]),
        ("?sort=canary", ["odd", "acme", "bad", "good"]),
        ("?sort=room", ["good", "acme", "bad", "odd"]),
        ("?words=OO", ["good"]),
        ("?state=fails", ["bad", "odd"]),
        ("?state=fails&check=canary", ["odd"]),
        ("?state=none", ["acme"]),
        ("?state=holds&check=link", ["odd"]),
        ("?words=nobody", []),
    ],
)
def test_list_tenants_sorts_and_filters(client, tenant, operator, query, slugs):
    record(make_tenant("bad"), Kind.DOCTOR, Health.FAILS)
    odd, good = make_tenant("odd"), make_tenant("good")
    record(odd, Kind.CANARY, Health.FAILS)
    record(odd, Kind.DOCTOR, Health.HOLDS)
    keep_usage(good, room={"stores": (2, 15)})
    client.force_login(operator)

    page = client.get(f"{PAGE}{query}")

    assert read_slugs(page) == slugs


def test_list_tenants_counts_as_not_asked_what_its_row_says_is(
    client, tenant, operator
):
    set_retention(tenant, "observation", 90)
    make_tenant("other")
    client.force_login(operator)

    page = client.get(PAGE)

    assert page.text.count("Checked tonight for the first time") == 2
    assert [(label, n) for _, label, n, _ in page.context["tabs"]] == [("not asked", 2)]


def test_list_tenants_counts_states_of_ones_own_alone(client, tenant):
    record(tenant, Kind.DOCTOR, Health.FAILS)
    record(make_tenant("foreign"), Kind.DOCTOR, Health.FAILS)
    client.force_login(make_user(Role.DEVELOPER, tenant))

    page = client.get(f"{PAGE}?state=fails&words=")

    assert read_slugs(page) == ["acme"]
    assert [(label, n) for _, label, n, _ in page.context["tabs"]] == [("fails", 1)]
    assert "foreign" not in page.text


def test_list_tenants_asks_as_much_of_many(client, tenant, operator):
    client.force_login(operator)
    client.get(PAGE)
    record(tenant, Kind.DOCTOR, Health.HOLDS)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    for number in range(6):
        record(make_tenant(f"more-{number}"), Kind.DOCTOR, Health.FAILS)

    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)

    assert len(many) == len(few)


def test_list_tenants_refuses_another_order(client, tenant, operator):
    client.force_login(operator)

    page = client.get(f"{PAGE}?sort=secret")

    assert page.status_code == 422
