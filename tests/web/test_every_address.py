"""Every address of the console, met by those who may not be there."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from console.contract.ids import new_id
from console.tenants.actor import Permission
from console.tenants.models import Role
from tests.factories import HTMX, make_profile, make_tenant, make_user

# Open to strangers, each for its reason.
OPEN = {
    "account_login",  # the way in
    "ci_doctor",  # asks for a token, where the other pages ask for a person
    "ci_suite",  # the same
    "ci_onboard",  # the same
    "account_inactive",  # says why the way in is closed
    "account_welcome",  # sets a password by a one-time link
    "mfa_authenticate",  # the second half of sign-in
    "mfa_login_webauthn",  # the way in with a passkey
    "account_logout",  # leads to sign-in by itself
    "account_reauthenticate",  # the same
    "mfa_reauthenticate",  # the same
}
SAMPLES = {
    "tenant": "acme",
    "of": "acme",
    "token_id": "0" * 12,
    "sid": "AC" + "0" * 32,
    "profile_id": new_id("mem_profile"),
    "import_id": new_id("mem_import"),
    "conversation_id": new_id("conv_conversation"),
    "item_id": new_id("mem_observation"),
    "name": "close",
    "move": "check",
    "learned_id": new_id("conv_learned"),
    "delivery_id": new_id("conv_delivery"),
    "entry_id": new_id("mem_ledger"),
    "suggestion_id": new_id("mem_suggestion"),
    "base_id": new_id("know_knowledgebase"),
    "source_id": new_id("know_knowledge"),
    "change": "refresh",
    "observation_id": new_id("mem_observation"),
    "summary_id": new_id("mem_summary"),
    "suppression_id": "5f" * 32,
    "group": "Contact",
    "trait": "email",
    "kind": "trait",
    "ref": "Contact.email",
}


def walk(
    patterns: list[URLPattern | URLResolver], before: str = "/"
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern


ALL = list(walk(get_resolver().url_patterns))
OF_A_TENANT = [(route, pattern) for route, pattern in ALL if "<slug:tenant>" in route]


def address(route: str, **samples: str) -> str:
    """A concrete path: what a converter stands for is replaced by a sample."""
    parts = route.split("/")
    return "/".join(sample_of(part, SAMPLES | samples) for part in parts)


def sample_of(part: str, samples: dict[str, str]) -> str:
    if not part.startswith("<"):
        return part
    converter, _, name = part.strip("<>").partition(":")
    return samples.get(name) or {"int": "1", "uuid": str(uuid4())}[converter]


def named(routes):
    return [
        pytest.param(route, pattern, id=route.replace("<", "").replace(">", ""))
        for route, pattern in routes
    ]


@pytest.mark.parametrize(("route", "pattern"), named(ALL))
def test_every_address_sends_a_stranger_to_sign_in(db, client, route, pattern):
    path = address(route)

    response = client.get(path)

    if pattern.name in OPEN:
        assert response.status_code in {200, 302, 405, 410}
    else:
        assert response.status_code == 302
        assert response["Location"] == f"/accounts/login/?next={path}"


def test_every_address_of_another_tenant_is_404(db, client):
    make_tenant("foreign")
    client.force_login(make_user(Role.OFFICER, make_tenant("own")))
    told = []

    for route, _ in OF_A_TENANT:
        foreign, unknown = (
            client.get(address(route, tenant=slug)) for slug in ("foreign", "unknown")
        )
        statuses = {foreign.status_code, unknown.status_code}
        if statuses != {404} or lasting(foreign) != lasting(unknown):
            told.append(route)
        if "foreign" in foreign.text:
            told.append(f"{route} names it")

    assert len(OF_A_TENANT) > 50
    assert told == []


def lasting(response) -> str:
    """The page without what differs from one request to the next."""
    text = response.text.replace(response.context["request_id"], "")
    text = re.sub(
        r'"X-CSRFToken": "\w+"|name="csrfmiddlewaretoken" value="\w+"', "", text
    )
    return re.sub(r"mem_profile_\w+", "", text)


@pytest.mark.parametrize(("route", "pattern"), named(OF_A_TENANT))
def test_every_address_of_a_tenant_names_its_permission(route, pattern):
    assert pattern.callback.permission in Permission


def test_every_address_keeps_to_the_tenants_profiles(client, tenant, agent):
    theirs = make_profile(make_tenant("foreign"))
    client.force_login(agent)

    foreign = client.get(f"/t/{tenant.slug}/profiles/{theirs}/")
    unknown = client.get(f"/t/{tenant.slug}/profiles/{new_id('mem_profile')}/")

    assert foreign.status_code == unknown.status_code == 404
    assert lasting(foreign) == lasting(unknown)


def test_every_address_of_a_part_leads_a_browser_to_its_page(client, tenant):
    profile = make_profile(tenant)
    client.force_login(make_user(Role.OFFICER, tenant))
    card, home = f"/t/acme/profiles/{profile}/", "/t/acme/"
    of = {"customers:profile": card, "tenant_home": home}

    parts = {
        address(route, profile_id=profile): of[page]
        for route, pattern in ALL
        if (page := getattr(pattern.callback, "part_of", "")) in of
    }

    assert len(parts) > 7
    assert {path: client.get(path).url for path in parts} == parts


def test_not_found_answers_htmx_with_the_problem_part(client, agent):
    client.force_login(agent)

    response = client.get("/t/unknown/profiles/", headers=HTMX)

    assert response.status_code == 404
    assert response["HX-Retarget"] == "#problem"
    assert response["HX-Reswap"] == "outerHTML show:#problem:top"
    assert "<html" not in response.text
