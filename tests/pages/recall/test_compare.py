"""Two runs of Recall side by side."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from tests.factories import make_observation, make_profile


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


def run(client, **asked):
    url = reverse("recall:run", args=["acme"])
    return client.post(url, asked, follow=True)


def read_against(page) -> str:
    """What the link to compare a run names it by."""
    found = re.search(r'against=([^"]+)">Compare', page.text)
    assert found
    [against] = parse_qs(f"against={found[1]}")["against"]
    return against


def compare(client, profile, first, second):
    first = {"identity": profile, "mode": "query"} | first
    against = read_against(run(client, **first))
    return run(client, **first | second, against=against)


def test_compare_names_what_differs_and_each_move(client, profile):
    page = compare(
        client, profile, {"query": "red bicycle"}, {"query": "a cup of green tea"}
    )

    [compared] = re.findall(r'aria-labelledby="compared".*?</section>', page.text, re.S)
    assert re.search(r"red bicycle\s*→\s*a cup of green tea", compared)
    assert page.text.count(">was 2<") == page.text.count(">was 1<") == 1
    [(address, _)] = page.redirect_chain
    assert "bicycle" not in address
    assert "tea" not in urlsplit(address).query.replace("tenant", "")
    assert AuditEntry.objects.filter(action="recall.run").count() == 3


def test_compare_names_what_came_on_one_side_alone(client, profile):
    fewer = {"query": "red bicycle", "observations": "1"}

    more = compare(client, profile, fewer, {"observations": "2"}).text
    less = compare(client, profile, fewer | {"observations": "2"}, fewer).text

    assert more.count(">new<") == 1
    assert "Came only before" not in more
    [gone] = re.findall(r"Came only before.*?</section>", less, re.S)
    assert "Likes green tea." in gone


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
