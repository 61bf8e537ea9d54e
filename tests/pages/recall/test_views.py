"""The Recall simulator."""

import json
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.urls import reverse

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from tests.factories import (
    HTMX,
    make_observation,
    make_profile,
    make_summary,
    make_tenant,
)


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    profile = make_profile(tenant, email="a@b.com", firstName="Ada")
    make_observation(tenant, profile, "Prefers SMS for delivery updates.")
    make_observation(
        tenant, profile, "Owns a red bicycle.", occurredAt="2026-03-01T00:00:00Z"
    )
    make_summary(tenant, profile, "Delivery of order 4521 was late.")
    return profile


def ask(client, **query):
    headers = query.pop("headers", None)
    return client.get(reverse("recall:run", args=["acme"]), query, headers=headers)


def response_of(page) -> dict:
    return json.loads(
        unescape(
            page.text.rpartition("<pre")[2].partition(">")[2].partition("</pre>")[0]
        )
    )


def test_the_empty_simulator_says_what_the_modes_are(client, tenant):
    response = ask(client)

    assert response.status_code == 200
    assert "Nothing asked yet" in response.text


def test_a_link_without_a_query_fills_in_the_form_and_asks_nothing(client, profile):
    response = ask(client, identity=profile, mode="query")

    assert response.status_code == 200
    assert f'value="{profile}"' in response.text
    assert "Nothing asked yet" in response.text
    assert not AuditEntry.objects.filter(action="recall.run").exists()


def test_an_identifier_is_replaced_by_the_profiles_id(client, profile):
    response = ask(client, identity="email:a@b.com", mode="query", query="delivery")

    assert response.status_code == 302
    query = parse_qs(urlsplit(response["Location"]).query)
    assert query == {"identity": [profile], "mode": ["query"], "query": ["delivery"]}


def test_a_query_ranks_and_shows_the_exchange(client, profile):
    response = ask(client, identity=profile, mode="query", query="delivery by sms")

    text = response.text
    assert text.index("Prefers SMS") < text.index("red bicycle")
    assert "A•••" in text
    assert "Ada" not in text
    assert "<meter" in text
    assert "&quot;query&quot;: &quot;delivery by sms&quot;" in text
    assert f"/Profiles/{profile}/Recall" in text
    assert response_of(response)["observations"][0]["score"] > 0


def test_recent_shows_newest_first_without_scores(client, profile):
    response = ask(client, identity=profile, mode="recent", query="delivery")

    text = response.text
    assert text.index("red bicycle") < text.index("Prefers SMS")
    assert "<meter" not in text
    assert "<strong>recent</strong>" in text
    assert "&quot;query&quot;" not in text


def test_a_conversation_gives_the_query(client, tenant, profile):
    conversation = new_id("conv_conversation")
    make_observation(
        tenant, profile, "Asked about bicycle tyres.", conversationIds=[conversation]
    )

    response = ask(
        client, identity=profile, mode="conversation", conversation=conversation
    )

    assert "<strong>conversation</strong>" in response.text
    assert response.text.index("red bicycle") < response.text.index("Prefers SMS")


def test_a_conversation_that_nobody_knows_falls_back_and_says_so(client, profile):
    response = ask(
        client,
        identity=profile,
        mode="conversation",
        conversation=new_id("conv_conversation"),
    )

    assert "<strong>recent</strong>" in response.text
    assert "it keeps nothing of that conversation" in response.text


def test_limits_threshold_and_dates_reach_the_memory(client, profile):
    response = ask(
        client,
        identity=profile,
        mode="query",
        query="delivery",
        observations="1",
        summaries="0",
        threshold="0.1",
        begin="2026-01-01",
        end="2026-02-01",
    )

    body = response_of(response)
    assert len(body["observations"]) == 1
    assert body["summaries"] == []
    assert "2026-01-01T00:00:00Z" in response.text


def test_a_deep_link_may_leave_out_the_mode(client, profile):
    by_query = ask(client, identity=profile, query="delivery")
    without = ask(client, identity=profile)

    assert "<strong>query</strong>" in by_query.text
    assert "<strong>recent</strong>" in without.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"identity": "nobody"}, "Write what it is and a colon first"),
        ({"identity": "fax:1"}, "This store knows"),
        ({"identity": "email:nobody@b.com"}, "Nobody in this store has this email"),
        ({"mode": "query", "query": ""}, "Write what to ask"),
        ({"mode": "conversation"}, "Give the conversation"),
        ({"mode": "guess"}, "Select a valid choice"),
        ({"mode": "query", "query": "x" * 1025}, "at most 1024 characters"),
        ({"mode": "query", "query": "a\0b"}, "Null characters are not allowed"),
        ({"mode": "query", "query": "a\x07b"}, "id_query_error"),
        ({"mode": "recent", "begin": "10/12/2024"}, "Enter a valid date"),
        (
            {"mode": "conversation", "conversation": "77"},
            "starts with conv_conversation_",
        ),
        ({"mode": "recent", "observations": "101"}, "less than or equal to 100"),
        ({"mode": "recent", "observations": "-1"}, "greater than or equal to 0"),
        ({"mode": "recent", "observations": "many"}, "Enter a whole number"),
        ({"mode": "recent", "threshold": "NaN"}, "Enter a number"),
        ({"mode": "recent", "threshold": "1.5"}, "less than or equal to 1"),
        ({"mode": "recent", "begin": "2026-02-30"}, "Enter a valid date"),
        (
            {"mode": "recent", "begin": "2026-02-02", "end": "2026-02-02"},
            "must come after",
        ),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(client, profile, query, told):
    response = ask(client, **({"identity": profile, "mode": "recent"} | query))

    assert response.status_code == 422
    assert told in response.text


def test_htmx_gets_the_form_and_its_answer_alone(client, profile):
    response = ask(
        client, identity=profile, mode="query", query="delivery", headers=HTMX
    )

    assert "<html" not in response.text
    assert 'id="recall-run"' in response.text
    assert response["HX-Push-Url"].startswith(f"/t/acme/recall/?identity={profile}&")


def test_a_run_that_did_not_happen_leaves_nothing_in_the_history(client, profile):
    response = ask(client, identity="email:nobody@b.com", mode="recent", headers=HTMX)

    assert response.status_code == 422
    assert "HX-Push-Url" not in response
    assert "hx-push-url" not in response.text


def test_what_matches_nothing_stands_below_a_line(client, profile):
    response = ask(client, identity=profile, mode="query", query="delivery by sms")

    line = response.text.index("What is below is wanted once in thirty times")
    assert (
        response.text.index("Prefers SMS") < line < response.text.index("red bicycle")
    )


def test_another_tenants_profile_is_not_there(client, tenant):
    foreign = make_profile(make_tenant("other"))

    response = ask(client, identity=foreign, mode="recent")

    assert response.status_code == 404
    assert "No profile of this store has this id." in response.text


def test_a_run_is_one_audit_entry_without_the_query(client, profile):
    ask(client, identity=profile, mode="query", query="delivery")

    [entry] = AuditEntry.objects.filter(action="recall.run")
    assert entry.object_id == profile
    assert entry.details["mode"] == "query"
    assert "delivery" not in str(entry.details)


def test_scores_are_explained_on_demand(client, profile):
    asked = {"identity": profile, "query": "delivery by text message or fax"}
    plain = ask(client, **asked)
    explained = ask(client, **asked, explain="on")

    assert "happened when" not in plain.text
    assert 'class="why"' not in plain.text
    assert explained.text.count('class="why"') == 3
    assert "words of the query that it holds" in explained.text
    assert "<code" in explained.text
    assert "fax" in explained.text.partition("Nobody here said")[2]


def test_what_waits_for_its_vector_is_said(client, profile):
    before = ask(client, identity=profile, query="delivery", explain="on")
    call_command("reindex", verbosity=0)
    after = ask(client, identity=profile, query="delivery", explain="on")

    assert "3 of 3 texts are found by their words alone" in before.text
    assert "their vectors are still being made" in before.text
    assert "by their words alone" not in after.text
    assert "what it means" in after.text


def test_copies_are_shown_once_with_their_number(client, tenant, profile):
    for _ in range(3):
        make_observation(tenant, profile, "Wants expedited shipping.")
    call_command("reindex", verbosity=0)

    page = ask(client, identity=profile, query="expedited", explain="on")

    assert "4 observations" not in page.text
    assert '<span class="badge">3 times</span>' in page.text
    assert page.text.count("Copy 1") == 1


def test_newest_first_has_no_scores_to_explain(client, profile):
    page = ask(client, identity=profile, mode="recent", explain="on")

    assert 'class="why"' not in page.text
    assert "no reasons" not in page.text
