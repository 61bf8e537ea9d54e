"""Why an expected item did not come, and what would bring it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from console.contract.ids import new_id
from console.contract.memory.observation import PatchObservation
from console.pages.deletions.models import Target
from console.pages.deletions.services import delete_item
from console.profiles.items import OBSERVATION
from console.service.memory.api.recall import build_trace
from console.service.memory.models import IndexEntry
from console.tenants.actor import Actor
from console.tenants.models import Role
from console.tenants.vault import open_store
from tests.factories import (
    make_items,
    make_observation,
    make_profile,
    make_summary,
    make_tenant,
)

BEFORE = "2026-01-03T09:00:00Z"


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    return make_profile(tenant, email="a@b.com", firstName="Ada")


@pytest.fixture
def expect(client, profile):
    """Runs a recall, and answers the section about what was expected of it."""

    def run(item, **asked):
        url = reverse("recall:run", args=["acme"])
        asked = {"identity": profile, "expected": getattr(item, "id", item)} | asked
        page = client.post(url, asked, follow=True)
        assert page.status_code == 200, page.text
        return read_verdict(page)

    return run


def read_verdict(page) -> str:
    found = re.search(r'aria-labelledby="verdict".*?</section>', page.text, re.S)
    assert found, page.text
    return found[0]


def get_try_url(verdict: str) -> str:
    found = re.search(r'class="button" href="([^"]+)"', verdict)
    assert found, verdict
    return found[1].replace("&amp;", "&")


def test_recall_verdict_of_an_item_that_came_is_its_place(tenant, profile, expect):
    wanted = make_observation(tenant, profile, "Owns a red bicycle.")

    verdict = expect(wanted, query="red bicycle")

    assert "Recalled as observation 1, row 1<" in verdict
    assert "Try it" not in verdict


@pytest.mark.parametrize("mode", ["query", "recent"])
def test_recall_verdict_names_the_place_and_the_limit_that_brings_it(
    client, tenant, profile, expect, mode
):
    make_observation(tenant, profile, "Owns a red bicycle.")
    wanted = make_observation(tenant, profile, "Likes tea.", occurredAt=BEFORE)

    verdict = expect(wanted, mode=mode, query="red bicycle", observations="1")

    assert "It is number 2 of its kind" in verdict
    url = get_try_url(verdict)
    assert parse_qs(urlsplit(url).query)["observations"] == ["2"]
    assert "Recalled as observation 2, row 2<" in read_verdict(client.get(url))


def test_recall_verdict_names_the_threshold_that_brings_it(
    client, tenant, profile, expect
):
    wanted = make_summary(tenant, profile, "Likes tea.")

    verdict = expect(wanted, query="red bicycle", threshold="0.99")

    assert re.search(r"is below the threshold of 0.99, by 0\.\d\d\.", verdict)
    assert "Recalled as summary 1, row 1<" in read_verdict(
        client.get(get_try_url(verdict))
    )


def test_recall_verdict_of_several_reasons_changes_each(
    client, tenant, profile, expect
):
    make_observation(tenant, profile, "Owns a red bicycle.")
    wanted = make_observation(tenant, profile, "Likes tea.", occurredAt=BEFORE)
    asked = {"begin": "2026-02-01", "threshold": "0.99", "observations": "1"}

    verdict = expect(wanted, query="red bicycle", **asked)

    assert "3 January 2026</time>, outside the dates" in verdict
    url = get_try_url(verdict)
    assert "begin" not in parse_qs(urlsplit(url).query)
    assert "Recalled as observation 2, row 2<" in read_verdict(client.get(url))


def test_recall_verdict_narrows_the_dates_where_no_limit_is_enough(
    client, tenant, profile, expect
):
    wanted = make_observation(tenant, profile, "Likes tea.", occurredAt=BEFORE)
    make_items(tenant, profile, observations=120)

    verdict = expect(wanted, mode="recent")

    assert "never a candidate: it is not among the most" in verdict
    url = get_try_url(verdict)
    assert parse_qs(urlsplit(url).query)["begin"] == ["2026-01-03"]
    assert "Recalled as observation 1, row 1<" in read_verdict(client.get(url))


def test_recall_verdict_of_a_copy_leads_to_what_came(tenant, profile, expect):
    texts = ["Owns a red bicycle.", "owns a red bicycle"]
    ids = [make_observation(tenant, profile, text).id for text in texts]

    verdicts = [expect(id_, query="red bicycle") for id_ in ids]

    [copied] = [each for each in verdicts if "one that says the same" in each]
    assert ids[verdicts.index(copied) - 1] in copied
    assert "Try it" not in copied


def test_recall_verdict_of_what_was_retracted_leads_to_it(tenant, profile, expect):
    wanted = make_observation(tenant, profile, "Owns a red bicycle.")
    change = PatchObservation(retracted_for="wrong_fact")
    open_store(tenant).patch_observation(profile, wanted.id, change)

    verdict = expect(wanted, query="red bicycle")

    assert "It was retracted" in verdict
    assert "Try it" not in verdict


def test_recall_verdict_of_what_has_no_index_entry_yet(tenant, profile, expect):
    wanted = make_observation(tenant, profile, "Owns a red bicycle.")
    IndexEntry.objects.filter(item_id=wanted.id).delete()

    assert "cannot recall it yet" in expect(wanted, query="red bicycle")


def test_recall_verdict_of_what_the_profile_does_not_have(expect):
    unknown = new_id("mem_observation")
    foreign = make_tenant("other")
    theirs = make_observation(foreign, make_profile(foreign), "Likes green tea.")

    verdicts = [expect(each, query="tea") for each in (unknown, theirs.id)]

    assert "no profile of this memory has it or had it" in verdicts[0]
    alike = (
        verdicts[1].replace(theirs.id, unknown).replace(theirs.id[-4:], unknown[-4:])
    )
    assert verdicts[0] == alike


def test_recall_verdict_of_an_older_memory_says_what_it_cannot_find(
    tenant, expect, monkeypatch
):
    other = make_profile(tenant, email="other@b.com")
    wanted = make_observation(tenant, other, "Likes green tea.")
    monkeypatch.setattr(
        "console.service.memory.api.recall._trace",
        lambda _, found, body: build_trace(found, body.trace_items),
    )

    assert "finds no item by its id alone" in expect(wanted, query="tea")


def test_recall_verdict_is_found_by_words_that_stand_in_no_address(
    client, tenant, profile
):
    wanted = make_observation(tenant, profile, "Likes green tea.")
    make_observation(tenant, profile, "Prefers tea with rusks.")
    make_observation(tenant, profile, "Owns a red bicycle.")
    url = reverse("recall:run", args=["acme"])
    asked = {"identity": "email:a@b.com", "expected": "green tea", "query": "bicycle"}

    page = client.post(url, asked)
    [link] = re.findall(r'href="([^"]+)">Likes green tea', page.text)
    single = client.post(url, asked | {"expected": "rusks"})

    offered, results = page.text.split('id="recall-results"')
    assert "Prefers tea with rusks." in offered
    assert "red bicycle" not in offered
    assert "red bicycle" in results
    assert "Prefers tea with rusks." in read_verdict(client.get(single.url))
    assert "Which one did you expect?" in page.text
    assert "green" not in link
    verdict = read_verdict(client.get(link.replace("&amp;", "&")))
    assert wanted.id in verdict
    assert "Recalled as observation" in verdict


def test_recall_verdict_says_that_nothing_is_like_the_words(client, profile):
    url = reverse("recall:run", args=["acme"])

    page = client.post(url, {"identity": profile, "expected": "tea", "query": "tea"})

    assert page.status_code == 422
    assert "Nothing that is recalled of this profile is like that." in page.text


def test_recall_verdict_names_the_budget_that_keeps_it_in_the_prompt(
    client, tenant, profile, expect
):
    make_observation(tenant, profile, "Owns a red bicycle. " * 20)
    wanted = make_observation(tenant, profile, "Likes red things. " * 20)

    verdict = expect(wanted, query="red bicycle", template="plain", budget="60")

    assert "60 tokens leave it out of the prompt" in " ".join(verdict.split())
    page = client.get(get_try_url(verdict))
    assert "Recalled as observation 2, row 2<" in read_verdict(page)


def test_recall_verdict_of_what_another_profile_has_asks_that_one(
    client, tenant, profile, expect
):
    other = make_profile(tenant, email="other@b.com")
    wanted = make_observation(tenant, other, "Likes green tea.")

    verdict = expect(wanted, query="tea")

    assert "another profile</a> has it" in verdict
    assert "Recalled as observation 1, row 1<" in read_verdict(
        client.get(get_try_url(verdict))
    )


def test_recall_verdict_of_what_was_deleted_says_so(tenant, officer, profile, expect):
    wanted = make_observation(tenant, profile, "Likes green tea.")
    delete_item(
        Target(OBSERVATION, profile, wanted.id),
        Actor(officer, tenant, Role.OFFICER),
        counts={},
        reason_code="customer_request",
        reason="Ticket 4711",
    )

    assert "it was deleted." in expect(wanted, query="tea")


@pytest.mark.parametrize("whole", [False, True])
def test_recall_verdict_of_what_a_program_deleted_says_when(tenant, expect, whole):
    other = make_profile(tenant, email="other@b.com")
    wanted = make_observation(tenant, other, "Likes green tea.")
    store = open_store(tenant)
    if whole:
        store.delete_profile(other)
    else:
        store.delete_observation(other, wanted.id)

    assert "it was deleted on" in expect(wanted, query="tea")


def test_recall_verdict_follows_an_item_through_a_merge(
    client, tenant, profile, expect
):
    kept = make_profile(tenant, email="other@b.com")
    merged = make_profile(tenant, phone="+15558675310")
    wanted = make_observation(tenant, merged, "Likes green tea.")
    open_store(tenant).add_identifier(kept, "phone", "+15558675310")

    verdict = expect(wanted, query="tea")

    assert "another profile</a> has it" in verdict
    assert kept in verdict


def test_recall_verdict_names_the_ranks_of_what_was_never_a_candidate(
    tenant, profile, expect
):
    wanted = make_observation(tenant, profile, "Likes tea.", occurredAt=BEFORE)
    make_items(tenant, profile, observations=120, content="A red bicycle, number {}")

    verdict = expect(wanted, query="red bicycle")

    assert "never a candidate: it is number 121 of its kind" in verdict
    assert "by words nowhere: it has none of them" in verdict
