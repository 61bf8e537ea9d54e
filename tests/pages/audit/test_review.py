"""Reveals at random: fine, or asked and answered."""

import pytest
from django.urls import reverse

from console.audit.log import log
from console.audit.models import AuditEntry
from console.tenants.actor import Actor

pytestmark = pytest.mark.django_db

SAMPLE = reverse("audit:sample", args=["acme"])
ASKED = reverse("audit:asked", args=["acme"])
QUESTION, ANSWER = "What was it needed for?", "They had called back about it."


@pytest.fixture
def reveals(tenant, agent) -> list[AuditEntry]:
    return [
        log(
            Actor(agent, tenant),
            "value.revealed",
            "trait",
            "Contact.email",
            about=["mem_profile_a"],
            reason="To make sure who is calling (ticket CASE-1)",
        )
        for _ in range(12)
    ]


def post(client, seq, verdict, words=""):
    given = {"entry": seq, "verdict": verdict, "words": words}
    return client.post(f"{SAMPLE}?entry={seq}", given)


def test_sample_chooses_ten_and_keeps_them_in_its_address(client, auditor, reveals):
    client.force_login(auditor)

    chosen = client.get(SAMPLE)
    page = client.get(chosen.url)

    seqs = [reveal.seq for reveal, *_ in page.context["rows"]]
    assert len(seqs) == 10
    assert set(seqs) <= {reveal.seq for reveal in reveals}
    assert ("Another ten" in page.text) == (len(reveals) > 10)
    again = client.get(chosen.url).context["rows"]
    assert [reveal.seq for reveal, *_ in again] == seqs


def test_sample_takes_a_question_to_who_revealed_it_and_the_answer_back(
    client, auditor, agent, reveals
):
    first, second, *_ = reveals
    client.force_login(auditor)
    post(client, first.seq, "reveal.approved")
    post(client, second.seq, "reveal.questioned", QUESTION)

    client.force_login(agent)
    asked = client.get(ASKED)
    client.post(ASKED, {"entry": second.seq, "words": ANSWER})
    afterwards = client.get(ASKED)
    client.force_login(auditor)
    page = client.get(f"{SAMPLE}?entry={first.seq}&entry={second.seq}")

    assert [reveal for reveal, *_ in asked.context["rows"]] == [second]
    assert QUESTION in asked.text
    assert afterwards.context["rows"] == []
    newest = [review.action for _, review, _ in page.context["rows"]]
    assert newest == ["reveal.approved", "reveal.answered"]
    assert ANSWER in page.text


def test_sample_wants_a_question_in_words(client, auditor, reveals):
    client.force_login(auditor)

    refused = post(client, reveals[0].seq, "reveal.questioned")

    assert refused.status_code == 422
    assert not AuditEntry.objects.filter(action="reveal.questioned").exists()


def test_sample_leaves_out_ones_own_reveals(client, officer, tenant):
    own = log(
        Actor(officer, tenant),
        "value.revealed",
        "trait",
        "Contact.email",
        about=["mem_profile_a"],
    )
    client.force_login(officer)
    empty = client.get(SAMPLE)

    assert empty.context["rows"] == []
    assert "Another ten" not in empty.text
    assert post(client, own.seq, "reveal.approved").status_code == 404


def test_asked_takes_no_answer_to_somebody_elses_question(
    client, auditor, officer, reveals
):
    client.force_login(auditor)
    post(client, reveals[0].seq, "reveal.questioned", QUESTION)
    client.force_login(officer)

    client.post(ASKED, {"entry": reveals[0].seq, "words": ANSWER})

    assert client.get(ASKED).context["rows"] == []
    assert not AuditEntry.objects.filter(action="reveal.answered").exists()
