from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from console.client.errors import MemoryNotFound, MemoryUnexpected
from console.contract.memory.observation import NewObservation, PatchObservation
from console.contract.memory.summary import NewSummary, PatchSummary
from tests.client.conftest import (
    CONVERSATION,
    OBSERVATION,
    OBSERVATION_BODY,
    PROFILE,
    PROFILE_PATH,
    SUMMARY,
    SUMMARY_BODY,
    Memory,
    accepted,
    paged,
    refused,
)

MOMENT = datetime(2026, 1, 4, 12, 0, 0, 900, tzinfo=timezone(timedelta(hours=2)))


def test_observations_are_listed_by_filters():
    memory = Memory(paged("observations", OBSERVATION_BODY | {"conversationIds": None}))

    page = memory.store.list_observations(
        PROFILE, source="desk", conversation_id=CONVERSATION
    )

    assert page.items[0].content == "asks for paper bills"
    assert page.items[0].conversation_ids == ()
    assert memory.sent == [
        f"GET {PROFILE_PATH}/Observations?pageSize=50&orderBy=DESC"
        f"&source=desk&conversationId={CONVERSATION}"
    ]


@pytest.mark.parametrize(
    ("answers", "order", "calls"),
    [
        ([paged("summaries", SUMMARY_BODY, orderBy="occurredAt")], "occurredAt", 1),
        ([paged("summaries", SUMMARY_BODY)], "", 1),
        ([refused(400), paged("summaries", SUMMARY_BODY)], "", 2),
    ],
)
def test_a_page_says_whether_its_order_was_kept(answers, order, calls):
    memory = Memory(*answers)

    page = memory.store.list_summaries(PROFILE, order="occurredAt")

    assert page.order == order
    assert len(page.items) == 1
    asked = [call.partition("?")[2] for call in memory.sent]
    assert asked == ["pageSize=50&orderBy=occurredAt", "pageSize=50"][:calls]


def test_a_missing_id_is_named_by_its_place():
    broken = {k: v for k, v in OBSERVATION_BODY.items() if k != "id"}
    memory = Memory(paged("observations", OBSERVATION_BODY, broken))

    with pytest.raises(MemoryUnexpected, match=r"observations\[1\].id"):
        memory.store.list_observations(PROFILE)


def test_what_an_observation_leaves_out_is_empty_or_told_by_the_rest():
    names = ("id", "createdAt", "updatedAt")
    memory = Memory(paged("observations", {n: OBSERVATION_BODY[n] for n in names}))

    [observation] = memory.store.list_observations(PROFILE).items

    assert observation.content == observation.source == ""
    assert observation.occurred_at == observation.created_at


def test_observations_are_created_in_the_contracts_words():
    memory = Memory(accepted())
    observation = NewObservation(
        content="prefers chat", source="desk", occurred_at=MOMENT
    )

    memory.store.create_observations(PROFILE, [observation])

    item = {
        "content": "prefers chat",
        "source": "desk",
        "occurredAt": "2026-01-04T12:00:00.000900+02:00",
    }
    assert memory.sent == [f"POST {PROFILE_PATH}/Observations"]
    assert memory.body() == {"observations": [item]}


def test_an_observation_is_fetched_changed_and_deleted():
    memory = Memory(OBSERVATION_BODY, accepted())
    store = memory.store

    observation = store.fetch_observation(PROFILE, OBSERVATION)
    store.patch_observation(
        PROFILE,
        OBSERVATION,
        PatchObservation(content="wants paper bills", occurred_at=MOMENT),
    )
    store.delete_observation(PROFILE, OBSERVATION)

    path = f"{PROFILE_PATH}/Observations/{OBSERVATION}"
    assert "paper" not in repr(observation)
    assert memory.sent == [f"GET {path}", f"PATCH {path}", f"DELETE {path}"]
    assert memory.body(1) == {
        "content": "wants paper bills",
        "occurredAt": "2026-01-04T12:00:00.000900+02:00",
    }


def test_revisions_are_of_the_observation_asked_for():
    memory = Memory(paged("revisions", OBSERVATION_BODY, OBSERVATION_BODY))
    other = Memory(
        paged("revisions", OBSERVATION_BODY | {"id": OBSERVATION[:-1] + "0"})
    )

    page = memory.store.list_revisions(PROFILE, OBSERVATION)

    assert len(page.items) == 2
    with pytest.raises(MemoryUnexpected, match="something else"):
        other.store.list_revisions(PROFILE, OBSERVATION)


def test_summaries_are_listed_and_created():
    memory = Memory(paged("summaries", SUMMARY_BODY | {"source": "desk"}), accepted())
    store = memory.store

    page = store.list_summaries(PROFILE, conversation_id=CONVERSATION)
    store.create_summaries(PROFILE, [msgspec.convert(NewSummary.sample, NewSummary)])

    assert page.items[0].source == "desk"
    assert memory.body() == {"summaries": [NewSummary.sample]}
    assert memory.sent == [
        f"GET {PROFILE_PATH}/ConversationSummaries"
        f"?pageSize=50&conversationId={CONVERSATION}",
        f"POST {PROFILE_PATH}/ConversationSummaries",
    ]


def test_a_summary_is_fetched_changed_and_deleted():
    memory = Memory(SUMMARY_BODY, accepted())
    store = memory.store

    summary = store.fetch_summary(PROFILE, SUMMARY)
    store.patch_summary(PROFILE, SUMMARY, PatchSummary(source="desk"))
    store.delete_summary(PROFILE, SUMMARY)

    path = f"{PROFILE_PATH}/ConversationSummaries/{SUMMARY}"
    assert summary.conversation_id == CONVERSATION
    assert memory.sent == [f"GET {path}", f"PATCH {path}", f"DELETE {path}"]
    assert memory.body(1) == {"source": "desk"}


def test_recall_returns_the_exact_exchange():
    body = {
        "observations": [OBSERVATION_BODY | {"score": 0.71}],
        "summaries": [SUMMARY_BODY | {"score": 1}],
        "communications": [{"id": "conv_communication_x", "author": {}}],
        "meta": {"queryTime": 12},
    }
    memory = Memory(body)

    recall = memory.store.recall(
        PROFILE, query="bills", begin=MOMENT, relevance_threshold=0.2
    )

    assert recall.is_ranked
    assert recall.observations[0].score == 0.71
    assert [each.id for each in recall.communications] == ["conv_communication_x"]
    assert recall.meta.query_time == 12
    assert (recall.exchange.method, recall.exchange.status) == ("POST", 200)
    assert recall.exchange.path == f"{PROFILE_PATH}/Recall"
    assert recall.exchange.request == memory.body()
    assert recall.exchange.response == body
    assert recall.exchange.elapsed_ms > 0
    assert "bills" not in repr(recall)
    assert memory.body() == {
        "query": "bills",
        "beginDate": "2026-01-04T10:00:00Z",
        "observationsLimit": 20,
        "summariesLimit": 5,
        "communicationsLimit": 0,
        "relevanceThreshold": 0.2,
    }


def test_recall_without_a_query_is_not_ranked():
    body = {
        "observations": [OBSERVATION_BODY],
        "summaries": [],
        "communications": [],
        "meta": {"queryTime": 0},
    }

    recall = Memory(body).store.recall(PROFILE)

    assert len(recall.observations) == 1
    assert not recall.is_ranked


@pytest.mark.parametrize(
    "change",
    [
        {"meta": {}},
        {"meta": {"queryTime": "12"}},
        {"communications": ["x"]},
        {"summaries": "none"},
        {"observations": [5]},
    ],
)
def test_a_misshapen_recall_is_refused(change):
    body = {"observations": [], "meta": {"queryTime": 12}} | change

    with pytest.raises(MemoryUnexpected, match=next(iter(change))):
        Memory(body).store.recall(PROFILE)


@pytest.mark.parametrize(
    ("noun", "call"),
    [
        ("profile", lambda store: store.fetch_profile("..")),
        ("profile", lambda store: store.recall("a/b")),
        ("observation", lambda store: store.delete_observation(PROFILE, "x?y")),
        ("summary", lambda store: store.fetch_summary(PROFILE, OBSERVATION)),
        ("trait group", lambda store: store.fetch_trait_group("..")),
    ],
)
def test_what_cannot_stand_in_a_path_is_never_sent(noun, call):
    memory = Memory(accepted())

    with pytest.raises(MemoryNotFound, match=rf"^No {noun} has"):
        call(memory.store)

    assert memory.requests == []


TRACE = {
    "embedder": "use-3",
    "texts": {"observations": 1, "summaries": 0, "withoutVector": 1},
    "queries": [
        {
            "stems": ["bill"],
            "unknownStems": ["paper"],
            "dates": {"month": 5},
            "weight": 1,
            "byMeaning": True,
        }
    ],
    "items": [
        {
            "id": OBSERVATION_BODY["id"],
            "recalled": True,
            "place": 1,
            "score": 0.71,
            "query": 0,
            "bias": -8.6,
            "logOdds": 0.9,
            "byMeaning": False,
            "parts": {"words": {"value": 0.5, "adds": 2.3}},
            "stems": ["bill"],
        }
    ],
}
RANKED = {
    "observations": [OBSERVATION_BODY | {"score": 0.71}],
    "summaries": [],
    "communications": [],
    "meta": {"queryTime": 12},
}


def test_a_recall_is_explained_to_who_asks():
    memory = Memory(RANKED | {"trace": TRACE})

    recall = memory.store.recall(PROFILE, query="bills", trace=True)

    assert memory.body()["trace"] is True
    item = recall.trace.find(OBSERVATION_BODY["id"])
    assert (item.place, item.parts.query_coverage.adds, item.summary) == (1, 2.3, "")
    assert recall.trace.find("mem_observation_x") is None
    assert recall.trace.texts.total == recall.trace.texts.without_vector == 1
    assert "bill" not in repr(recall)


@pytest.mark.parametrize("trace", [None, {}, {"mode": "recent", "stepsMs": {}}])
def test_a_memory_may_give_no_reasons(trace):
    recall = Memory(RANKED | {"trace": trace}).store.recall(PROFILE, trace=True)

    assert recall.is_ranked
    assert not (recall.trace and recall.trace.queries)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"items": [5]}, "items"),
        ({"items": [TRACE["items"][0] | {"score": "high"}]}, "score"),
        ({"queries": "x"}, "queries"),
        ({"texts": {}}, "texts"),
        ({"embedder": 5}, "embedder"),
    ],
)
def test_misshapen_reasons_are_refused(change, place):
    memory = Memory(RANKED | {"trace": TRACE | change})

    with pytest.raises(MemoryUnexpected, match=place):
        memory.store.recall(PROFILE, trace=True)
