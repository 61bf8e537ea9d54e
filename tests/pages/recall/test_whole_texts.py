"""Recall at a memory that cannot rank by masked texts."""

import re

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.masking.models import Question
from tests.factories import move_tenant
from tests.pages.odd_memory import PROFILE, OddMemory, serving

MOMENT = "2026-01-05T09:00:00Z"
FACTS = {
    "mem_observation_01k0000000000000000000000a": ("Call +15558675310.", 0.9),
    "mem_observation_01k0000000000000000000000b": ("Prefers tea.", 0.4),
}


class WholeTextMemory(OddMemory):
    """Ranks what it has by whole texts; `refuses` members that the contract lacks, and
    recalls what is `unseen` by its own text alone,"""

    refuses = False
    unseen: frozenset[str] = frozenset()
    facts = FACTS

    def answer(self, method, path, body):
        if (id_ := path.rpartition("/")[2]) in self.facts:
            return 200, self.show(id_)
        if not path.endswith("/Recall") or self.failing:
            return super().answer(method, path, body)
        self.written.append(body)
        if self.refuses and not {"masked", "trace", "traceItems", "asOf"}.isdisjoint(
            body
        ):
            return 400, {"code": 20001, "message": "masked: unknown field"}
        observations = [
            self.show(id_) | {"score": score}
            for id_, (text, score) in self.facts.items()
            if score >= body["relevanceThreshold"]
            and (id_ not in self.unseen or text == body.get("query"))
        ]
        found = {"observations": observations[: body["observationsLimit"]]}
        return 200, found | {"summaries": [], "meta": {"queryTime": 4}}

    def show(self, id_):
        return {
            "id": id_,
            "content": self.facts[id_][0],
            "source": "chat",
            "occurredAt": MOMENT,
            "createdAt": MOMENT,
            "updatedAt": MOMENT,
            "conversationIds": [],
        }


@pytest.fixture
def memory(settings, tenant):
    settings.MEMORY_ALLOW_PRIVATE = True
    with serving(WholeTextMemory()) as memory:
        move_tenant(tenant, memory.address)
        yield memory


@pytest.fixture
def client(client, agent, memory):
    client.force_login(agent)
    return client


def run(client, **query):
    asked = {"identity": PROFILE, "mode": "query", "query": "5310"} | query
    return client.post(reverse("recall:run", args=["acme"]), asked, follow=True)


@pytest.mark.parametrize("refuses", [False, True])
def test_run_by_whole_texts_gives_masked_ones_no_place(client, memory, refuses):
    memory.refuses = refuses

    text = run(client, explain="on").text

    assert text.index("Prefers tea.") < text.index("Call +1 ••• 10.")
    assert text.count("<meter") == 1
    assert "0.9" not in text
    assert "This memory ranks by whole texts." in text
    assert "Not shown: its order is that of the whole texts." in text
    assert "does not explain its scores" not in text


def test_run_by_whole_texts_counts_explained_or_not(client, settings):
    settings.QUESTIONS_PER_HOUR = 2
    run(client)
    run(client, explain="on")

    response = run(client)

    assert response.status_code == 429
    assert "Prefers tea." not in response.text
    assert Question.objects.count() == 2
    assert AuditEntry.objects.get(outcome="denied").action == "recall.run"


def test_run_by_whole_texts_counts_a_miss_too(client, memory, settings):
    settings.QUESTIONS_PER_HOUR = 1
    memory.facts = {}
    missed = run(client)

    memory.facts = FACTS
    hit = run(client, query="5311")
    memory.facts = {}
    miss = run(client, query="5312")

    assert missed.status_code == 200
    assert (hit.status_code, miss.status_code) == (429, 429)
    assert Question.objects.count() == 1


def test_run_of_recent_at_any_memory_counts_nothing(client, tenant):
    tenant.masking = {"texts": "clear"}
    tenant.save()

    text = run(client).text

    assert "This memory ranks by whole texts." not in text
    assert "+15558675310" in text
    assert not Question.objects.exists()


def test_run_asks_again_without_what_a_memory_refuses(client, memory):
    memory.refuses = True

    run(client)

    assert ["masked" in body for body in memory.written] == [True, False]


def test_run_passes_other_refusals_on(client, memory):
    memory.failing = {"/Recall": 409}

    assert run(client).status_code == 409


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize(
    ("knob", "why", "place"),
    [
        ({"observations": "1"}, "It is number 2 of its kind", 2),
        ({"threshold": "0.5"}, "Its score of 0.40 is below the threshold", 2),
    ],
)
def test_run_infers_the_verdict_of_a_memory_that_explains_nothing(
    client, tenant, memory, refuses, knob, why, place
):
    tenant.masking = {"texts": "clear"}
    tenant.save()
    memory.refuses = refuses

    text = run(client, expected=[*FACTS][-1], **knob).text

    assert why in text
    assert "more recalls: this memory does not explain itself" in text
    [url] = re.findall(r'class="button" href="([^"]+)">Try it', text)
    assert (
        f"Recalled as observation {place},"
        in client.get(url.replace("&amp;", "&")).text
    )


def test_run_by_whole_texts_gives_no_verdict_of_what_was_expected(client):
    text = run(client, expected=next(iter(FACTS)), observations="0").text

    assert "where a masked one stands would tell what it says" in text
    assert "It is number" not in text


@pytest.mark.parametrize(
    ("is_found_by_text", "why"),
    [(True, "never a candidate"), (False, "not even by its own text")],
)
def test_run_infers_by_its_own_text_whether_an_item_can_come_at_all(
    client, tenant, memory, is_found_by_text, why
):
    tenant.masking = {"texts": "clear"}
    tenant.save()
    id_ = [*FACTS][-1]
    if is_found_by_text:
        memory.unseen = frozenset([id_])
    else:
        memory.unseen, memory.facts = frozenset([id_]), FACTS | {id_: ("", 0.4)}

    text = run(client, expected=id_).text

    assert why in text
    assert "Query its own text" in text
    # One recall, and at most six more.
    asked = [body for body in memory.written if "query" in body]
    assert len(asked) <= 7


@pytest.mark.parametrize("refuses", [False, True])
def test_run_as_of_a_moment_says_that_this_memory_has_no_past(client, memory, refuses):
    memory.refuses = refuses

    text = run(client, as_of="2026-01-06, 12:00").text

    assert "This memory does not go back: what is below is of now." in text
    assert "Prefers tea." in text
