"""What is masked and what is pinned, for everybody of a tenant."""

import re
from html import unescape

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    TraitDefinition,
    TraitGroup,
)
from console.pages.display.views import build_example
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.factories import make_observation, make_profile

SEEN = "[{}, [], true]"
WHY = {"reason_code": "policy", "ticket": "POL-7"}


@pytest.fixture
def client(client, officer):
    client.force_login(officer)
    return client


def address() -> str:
    return reverse("display:display", args=["acme"])


def filled(**changed: str | list[str]) -> dict[str, str | list[str]]:
    rules = {"how-texts": "detect", "how-own": "detect", "how-identifiers": "detect"}
    others = {"how-group/Contact": "detect", "needs_ticket": "on", "seen": SEEN}
    return rules | others | WHY | changed


def test_display_shows_each_rule_with_a_sample(client, tenant):
    make_profile(tenant, email="ada@example.com")

    response = client.get(address())

    assert "Call me on +1 ••• 77 about order 4521." in response.text
    assert "First name E•••, City Example" in response.text
    assert "Contact" in response.text
    assert "ada@example.com" not in response.text


def test_display_changes_a_rule_for_everybody(client, agent, tenant):
    profile = make_profile(tenant, email="ada@example.com")
    item = make_observation(tenant, profile, "Owns a red bicycle.")

    saved = client.post(address(), filled(**{"how-texts": "hide"}), follow=True)

    assert "Saved. Everybody at Acme" in saved.text
    client.force_login(agent)
    page = client.get(reverse("timeline:observation", args=["acme", profile, item.id]))
    assert "red bicycle" not in page.text
    tenant.refresh_from_db()
    assert tenant.masking == {"texts": "hide"}


def make_trait_group(tenant: Tenant, name: str) -> None:
    traits = {"tier": TraitDefinition(data_type="STRING")}
    group = CreateTraitGroup(display_name=name, traits=traits)
    open_store(tenant).create_trait_group(group)


def list_pins(page: str) -> list[str]:
    return re.findall(r'name="pins" value="([^"]+)"', page)


@pytest.mark.parametrize(
    ("move", "pins"),
    [
        ("up Orders", ["Orders", "Contact"]),
        ("up Contact", ["Contact", "Orders"]),
        ("down Contact", ["Orders", "Contact"]),
        ("unpin Contact", ["Orders"]),
        ("pin Plan", ["Contact", "Orders", "Plan"]),
        ("up Nobody", ["Contact", "Orders"]),
        ("down", ["Contact", "Orders"]),
    ],
)
def test_display_moves_a_pin_and_saves_nothing(client, tenant, move, pins):
    for name in ("Orders", "Plan"):
        make_trait_group(tenant, name)
    hows = {"how-texts": "hide", "how-group/Orders": "clear", "how-group/Plan": "clear"}
    asked = {"pins": ["Contact", "Orders"], "move": move} | hows

    page = client.post(address(), filled(reason_code="", ticket="", **asked))

    assert page.status_code == 200
    assert list_pins(page.text) == pins
    assert re.search(r'value="hide"[^>]*checked', page.text)
    tenant.refresh_from_db()
    assert (tenant.masking, tenant.pinned_groups) == ({}, [])


def test_display_keeps_pins_in_order(client, tenant):
    make_trait_group(tenant, "Orders")

    pins = {"pins": ["Orders", "Contact"], "how-group/Orders": "detect"}
    client.post(address(), filled(**pins))

    tenant.refresh_from_db()
    assert tenant.pinned_groups == ["Orders", "Contact"]
    assert list_pins(client.get(address()).text) == ["Orders", "Contact"]


def test_display_lets_a_tenant_work_without_tickets(client, tenant):
    client.post(address(), filled(needs_ticket=""))

    saved = client.post(
        address(), filled(ticket="", needs_ticket="", seen="[{}, [], false]")
    )

    assert saved.status_code == 302
    first, second = AuditEntry.objects.filter(action="desk.arranged").order_by("seq")
    assert first.details == {"ticket": "not needed"}
    assert second.reason.text == "The policy on customer data changed"


def test_display_logs_what_changed_and_why(client, tenant):
    tenant.masking = {"texts": "clear", "group/Gone": "hide"}
    tenant.save()
    seen = '[{"group/Gone": "hide", "texts": "clear"}, [], true]'
    changed = {"how-group/Contact": "clear", "pins": "Contact"}

    client.post(address(), filled(seen=seen, **changed))

    entry = AuditEntry.objects.get(action="desk.arranged")
    assert entry.details == {
        "rule_1": "group/Contact: detect, now clear",
        "rule_2": "texts: clear, now detect",
        "pin_1": "Contact",
    }
    assert entry.reason.text == "The policy on customer data changed (ticket POL-7)"
    tenant.refresh_from_db()
    # A group that comes back is as hidden as it was.
    assert tenant.masking == {"group/Gone": "hide", "group/Contact": "clear"}


def test_display_keeps_what_somebody_else_has_saved_meanwhile(client, tenant):
    page = client.get(address()).content.decode()
    [seen] = re.findall(r'name="seen" value="([^"]+)"', page)
    client.post(address(), filled(**{"how-texts": "hide", "seen": unescape(seen)}))

    answer = client.post(address(), filled(**{"how-identifiers": "hide"}))

    assert answer.status_code == 422
    assert "Somebody has changed these settings" in answer.content.decode()
    tenant.refresh_from_db()
    assert tenant.masking == {"texts": "hide"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"how-texts": "never"}, "Choose one of the options."),
        ({"pins": "Nobody"}, "Choose one of the options."),
        ({"ticket": ""}, "Ticket is required."),
    ],
)
def test_display_names_invalid_settings_and_saves_nothing(
    client, tenant, changed, words
):
    response = client.post(address(), filled(**changed))

    assert response.status_code == 422
    assert words in response.text
    tenant.refresh_from_db()
    assert (tenant.masking, tenant.pinned_groups) == ({}, [])


def test_display_refuses_an_empty_form(client, tenant):
    response = client.post(address(), {})

    assert response.status_code == 422


@pytest.mark.parametrize(
    ("rule", "how", "seen"),
    [
        ("texts", "hide", "•••"),
        ("texts", "clear", "Call me on +1 555 010 4477 about order 4521."),
        ("identifiers", "detect", "phone +1 ••• 77"),
        ("group/Account", "detect", "Mobile +1 ••• 77, Tier Example"),
        ("group/Account", "hide", "Mobile •••, Tier •••"),
        ("group/Account", "clear", "Mobile +15550104477, Tier Example"),
    ],
)
def test_build_example_shows_what_a_rule_does(rule, how, seen):
    traits = {
        "tier": TraitDefinition(data_type="STRING"),
        "points": TraitDefinition(data_type="NUMBER"),
        "mobile": TraitDefinition(data_type="STRING", id_type_promotion="phone"),
    }
    group = TraitGroup(display_name="Account", traits=traits, version=1)

    assert build_example(rule, how, group) == seen


def test_build_example_says_where_nothing_is_detected():
    traits = {"tier": TraitDefinition(data_type="STRING")}
    group = TraitGroup(display_name="Account", traits=traits, version=1)

    detected, cleared = (
        build_example("group/Account", x, group) for x in ("detect", "clear")
    )

    assert detected == "Tier Example: only a number or address in it is masked"
    assert cleared == "Tier Example"


def test_build_example_of_a_group_without_traits_is_empty():
    group = TraitGroup(display_name="Empty", traits={}, version=1)

    assert build_example("group/Empty", "detect", group) == ""


def test_display_is_for_officers_only(client, agent, tenant):
    link = address()
    seen_by_officer = client.get(reverse("customers:list", args=["acme"])).text
    client.force_login(agent)

    assert link in seen_by_officer
    assert link not in client.get(reverse("customers:list", args=["acme"])).text
    assert client.post(link, filled(**{"how-texts": "clear"})).status_code == 403
    tenant.refresh_from_db()
    assert tenant.masking == {}
