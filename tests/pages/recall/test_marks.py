"""Feedback on single items of a run."""

import json
import re

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.pages.recall.models import RecallCase, RecallMark
from tests.benchmarks.fit import fit_order, read_marks
from tests.factories import HTMX, make_observation, make_profile


@pytest.fixture
def client(client, officer):
    client.force_login(officer)
    return client


@pytest.fixture
def profile(tenant) -> str:
    return make_profile(tenant, email="a@b.com", firstName="Ada")


@pytest.fixture
def bicycle(tenant, profile) -> str:
    return make_observation(tenant, profile, "Owns a red bicycle.").id


@pytest.fixture
def run(client, profile, bicycle):
    """The page of a run."""
    asked = {"identity": profile, "query": "red bicycle"}
    return client.post(reverse("recall:run", args=["acme"]), asked, follow=True)


@pytest.fixture
def mark(client, run):
    [url] = re.findall(r'hx-post="([^"]+/mark/[^"]*)"', run.text)

    def say(words, **headers):
        return client.post(url.replace("&amp;", "&"), {"mark": words}, headers=headers)

    return say


def test_mark_item_keeps_figures_and_no_text(mark, profile, bicycle, officer):
    answer = mark(f"wanted {bicycle}", **HTMX)

    assert "1 wanted, 0 not wanted" in answer.text
    kept = RecallMark.objects.get()
    assert (kept.profile_id, kept.item_id, kept.is_wanted) == (profile, bicycle, True)
    assert (kept.place, kept.marked_by) == (1, officer)
    assert kept.score > 0.1
    assert {"meaning", "words"} <= kept.features.keys()
    assert "bicycle" not in str(RecallMark.objects.values())
    entry = AuditEntry.objects.get(action="recall.marked")
    assert (entry.profile_id, entry.details["mark"]) == (profile, "wanted")


def test_mark_item_again_changes_it_and_takes_it_back(mark, bicycle):
    mark(f"wanted {bicycle}")
    page = mark(f"unwanted {bicycle}", **HTMX)
    assert "0 wanted, 1 not wanted" in page.text
    assert RecallMark.objects.count() == 1

    mark(f"none {bicycle}")

    assert not RecallMark.objects.exists()


def test_marks_are_shown_when_the_same_is_asked_again(mark, client, profile, bicycle):
    page = mark(f"wanted {bicycle}")
    again = client.get(page["Location"])

    assert f'value="none {bicycle}"' in again.text
    asked = {"identity": profile, "query": "something else"}
    other = client.post(reverse("recall:run", args=["acme"]), asked, follow=True)
    assert f'value="wanted {bicycle}"' in other.text


def test_marks_become_a_case_with_one_click(mark, client, bicycle):
    page = mark(f"wanted {bicycle}", **HTMX).text
    [url] = re.findall(r'action="([^"]+/cases/add/[^"]*)"', page)
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    fields = {
        name: value for name, value in hidden if name in {"suite", "name", "wanted"}
    }

    client.post(url.replace("&amp;", "&"), fields)

    case = RecallCase.objects.get()
    assert (case.suite, case.wanted, case.state) == ("Feedback", [bicycle], "passed")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("", 422),
        ("perhaps x", 422),
        ("wanted mem_observation_01k0000000000000000000000a", 404),
    ],
)
def test_mark_item_refuses_what_is_nothing(mark, words, status):
    assert mark(words).status_code == status
    assert not RecallMark.objects.exists()


def test_mark_item_tells_nothing_where_texts_are_hidden(mark, tenant, bicycle):
    tenant.masking = {"texts": "hide"}
    tenant.save()

    mark(f"wanted {bicycle}")

    kept = RecallMark.objects.get()
    assert (kept.mode, kept.score, kept.features) == ("recent", None, {})


def test_export_marks_a_line_each(mark, client, profile, bicycle):
    mark(f"wanted {bicycle}")

    answer = client.get(reverse("recall:marks", args=["acme"]))

    [line] = answer.content.splitlines()
    row = json.loads(line)
    assert (row["item_id"], row["is_wanted"], row["place"]) == (bicycle, True, 1)
    assert row["features"]["words"] > 0
    assert AuditEntry.objects.filter(
        action="marks.exported", profile_id=profile
    ).exists()


def test_export_marks_gives_questions_of_a_fit(mark, client, tenant, profile, bicycle):
    lamp = make_observation(tenant, profile, "Bought a blue lamp.").id
    mark(f"unwanted {bicycle}")
    mark(f"wanted {lamp}")
    exported = client.get(reverse("recall:marks", args=["acme"])).text

    [marked] = read_marks(exported.splitlines())
    names = ["meaning", "words"]
    weights = fit_order([marked.table(names)] * 9, [marked.wanted] * 9, {})

    assert marked.rate({"meaning": 1.0, "words": 1.0}) == 0.0
    assert marked.rate(dict(zip(names, weights, strict=True))) == 1.0
    assert read_marks(exported.splitlines()[:1]) == []


def test_marks_go_with_their_profile(mark, tenant, profile, bicycle):
    mark(f"wanted {bicycle}")

    tenant.recall_cases.erase(profile)

    assert not RecallMark.objects.exists()
