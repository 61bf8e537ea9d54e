"""Two runs of Recall side by side."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.tenants.models import Membership, Role, Tenant
from tests.factories import (
    make_observation,
    make_profile,
    make_tenant,
    move_tenant,
)
from tests.pages.odd_memory import PROFILE, serving
from tests.pages.recall.test_whole_texts import WholeTextMemory


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    profile = make_profile(tenant, email="a@b.com", firstName="Ada")
    make_observation(tenant, profile, "Owns a red bicycle.")
    make_observation(tenant, profile, "Likes green tea.")
    return profile


@pytest.fixture
def other(agent):
    """Another tenant of the same person, whose memory knows one of the two as well."""
    other = make_tenant("umbra", "Umbra")
    Membership.objects.create(user=agent, tenant=other, role=Role.AGENT)
    profile = make_profile(other, email="a@b.com")
    make_observation(other, profile, "Likes green tea.")
    make_observation(other, profile, "Call me at +41 44 668 18 00.")
    return other


def run(client, slug="acme", **asked):
    url = reverse("recall:run", args=[slug])
    return client.post(url, asked, follow=True)


def read_against(page) -> str:
    """What the link to compare a run names it by."""
    found = re.search(r'against=([^"#]+)#compared">Compare', page.text)
    assert found
    [against] = parse_qs(f"against={found[1]}")["against"]
    return against


def compare(client, profile, first, second):
    first = {"identity": profile, "mode": "query"} | first
    against = read_against(run(client, **first))
    return run(client, **first | second, against=against)


def read_gone(page):
    """What came in the run before alone, of its column."""
    then = page.partition("The run compared with")[2].partition("</details>")[0]
    return " ".join(row for row in then.split("<li") if ">gone<" in row)


def test_compare_names_what_differs_and_each_move(client, profile):
    page = compare(
        client, profile, {"query": "red bicycle"}, {"query": "a cup of green tea"}
    )

    [compared] = re.findall(r'aria-labelledby="compared".*?</section>', page.text, re.S)
    assert re.search(r"red bicycle\s*→\s*a cup of green tea", compared)
    for moved in ("↑ was 2", "↓ was 1", "now 2", "now 1"):
        assert " ".join(page.text.split()).count(f"> {moved} <") == 1
    [(address, _)] = page.redirect_chain
    assert "bicycle" not in address
    assert "tea" not in urlsplit(address).query.replace("tenant", "")
    assert AuditEntry.objects.filter(action="recall.run").count() == 3


def test_compare_names_what_came_on_one_side_alone(client, profile):
    fewer = {"query": "red bicycle", "observations": "1"}

    more = compare(client, profile, fewer, {"observations": "2"}).text
    less = compare(client, profile, fewer | {"observations": "2"}, fewer).text

    assert more.count(">new<") == 1
    assert ">gone<" not in more
    assert "Likes green tea." in read_gone(less)
    assert "1 new, 0 gone, 0 moved" in more
    assert "0 new, 1 gone, 0 moved" in less


def test_compare_of_the_same_question_says_so(client, profile):
    page = compare(client, profile, {"query": "red bicycle"}, {})

    assert "The same question: change a field above" in page.text


def test_compare_whose_words_are_forgotten_runs_alone(client, profile, officer):
    against = read_against(run(client, identity=profile, query="red bicycle"))

    client.force_login(officer)
    page = run(client, identity=profile, query="green tea", against=against)

    assert page.status_code == 200
    assert "Type them again." in page.text
    assert "Likes green tea." in page.text


def test_compare_with_what_is_no_run_names_the_field(client, profile):
    page = run(client, identity=profile, query="tea", against="identity=&mode=guess")

    assert page.status_code == 422
    assert "mode: Choose one of the options." in page.text


def ask_there(client, profile, **asked):
    """The same in the other tenant, by the link of the first run."""
    first = {"identity": profile, "mode": "query", "query": "green tea"} | asked
    compared = run(client, **first, against=read_against(run(client, **first)))
    [link] = re.findall(r'href="(/t/umbra/recall/[^"]+)', compared.text)
    return link, client.get(unescape(link))


def test_compare_with_another_tenant_asks_there_who_it_is(client, profile, other):
    link, page = ask_there(client, profile, observations="7")

    assert "tea" not in link
    assert "enter who it is here" in page.text
    assert 'value="green tea"' in page.text
    assert 'value="7"' in page.text
    assert profile not in re.findall(r'name="identity"[^>]*', page.text)[0]
    assert not AuditEntry.objects.of(other).filter(action="recall.run")


def test_compare_with_another_tenant_matches_by_words(client, profile, other):
    link, _ = ask_there(client, profile)
    [against] = parse_qs(urlsplit(unescape(link)).query)["against"]
    ran = {"identity": "email:a@b.com", "query": "green tea", "mode": "query"}

    page = run(client, "umbra", **ran, against=against)

    [compared] = re.findall(r'aria-labelledby="compared".*?</section>', page.text, re.S)
    assert re.search(r"Tenant</dt>\s*<dd[^>]*>\s*Acme → Umbra", compared, re.I)
    gone = read_gone(page.text)
    assert "Owns a red bicycle." in gone
    assert "Likes green tea." not in gone
    assert f"/t/acme/profiles/{profile}/" in gone
    assert "668 18 00" not in page.text
    assert page.text.count(">new<") == 1
    entries = AuditEntry.objects.filter(action="recall.run").order_by("-seq")[:2]
    assert {entry.tenant for entry in entries} == {"acme", "umbra"}


def test_compare_never_takes_masked_words_for_the_same(client, profile, other):
    make_observation(
        Tenant.objects.get(slug="acme"), profile, "Call me at +41 44 668 18 00."
    )
    link, _ = ask_there(client, profile)
    [against] = parse_qs(urlsplit(unescape(link)).query)["against"]
    ran = {"identity": "email:a@b.com", "query": "green tea", "mode": "query"}

    page = run(client, "umbra", **ran, against=against)

    assert page.text.count(">new<") == 1
    assert "Call me at" in read_gone(page.text)


def test_compare_with_a_profile_that_is_not_there_says_so(client, profile, other):
    against = f"tenant=umbra&identity={profile}&mode=recent"

    page = run(client, identity=profile, mode="recent", against=against)

    assert "Umbra has no profile that the other run names." in page.text
    assert "Owns a red bicycle." in page.text


def test_compare_with_too_long_an_address_says_so(client, profile):
    page = run(client, identity=profile, mode="recent", against="x" * 1001)

    assert page.status_code == 422
    assert "At most 1000 characters" in page.text


@pytest.mark.parametrize("role", [None, Role.AUDITOR])
def test_compare_needs_the_right_in_the_other_tenant(client, profile, agent, role):
    strange = make_tenant("umbra", "Umbra")
    if role:
        Membership.objects.create(user=agent, tenant=strange, role=role)
    against = f"tenant=umbra&identity={profile}&mode=recent"

    page = run(client, identity=profile, mode="recent", against=against)

    assert page.status_code == (403 if role else 404)
    assert AuditEntry.objects.filter(action="access.denied").count() == 1
    assert "bicycle" not in page.text
    listed = run(client, identity=profile, mode="recent", against=f"identity={profile}")
    assert "another tenant" not in listed.text


def test_compare_of_two_memories_names_them_and_their_models(
    client, profile, other, settings
):
    settings.MEMORY_ALLOW_PRIVATE = True
    link, _ = ask_there(client, profile)
    [against] = parse_qs(urlsplit(unescape(link)).query)["against"]

    with serving(WholeTextMemory()) as memory:
        move_tenant(other, memory.address)
        page = run(client, "umbra", identity=PROFILE, mode="recent", against=against)

    assert f"→ {memory.address}" in page.text
    assert re.search(r"Model</dt>\s*<dd[^>]*>\s*use-3 → none that it tells", page.text)
    assert page.text.count(">new<") == 2
