"""The ledger of Recalls: console/service/memory/ledger.py."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from console.core.outgoing import USER_AGENT
from console.service.memory import ledger, models
from tests.service.conftest import CONVERSATION, NOBODY

SECRET = "quince marmalade"


class NoTimer:
    """Nothing is written but by `write_waiting`."""

    def __init__(self, *args):
        pass

    def start(self):
        pass


@pytest.fixture
def path(api, store, monkeypatch):
    """Of the ledger of a store that keeps it for a week."""
    monkeypatch.setattr(ledger, "Timer", NoTimer)
    ledger._waiting.clear()
    api.result(api("PATCH", f"/v1/ControlPlane/Stores/{store}", {"ledgerDays": 7}))
    yield f"/v1/Stores/{store}/RecallLedger"
    ledger._waiting.clear()


@pytest.fixture
def entries(api, path):
    return lambda **query: api.get(path, **query).json()["entries"]


@pytest.fixture
def recall(api, profile):
    def ask(**question):
        return api("POST", f"{profile}/Recall", question).json()

    return ask


def test_list_ledger_has_what_was_answered_and_no_word_of_it(recall, observe, entries):
    observe(f"Likes {SECRET}.", conversationIds=[CONVERSATION])

    answer = recall(query=SECRET, observationsLimit=3)

    [entry] = entries()
    [observation] = answer["observations"]
    assert entry["mode"] == "query"
    assert entry["parameters"] == {"observationsLimit": 3}
    assert entry["items"] == [{"id": observation["id"], "score": observation["score"]}]
    row = models.LedgerEntry.objects.values().get()
    assert "quince" not in f"{entry} {row}"


def test_ledger_is_off_until_a_store_keeps_it(api, store, profile, observe):
    observe("Likes tea.")

    api("POST", f"{profile}/Recall", {"query": "tea"})

    assert not ledger._waiting
    assert "ledgerDays" not in api.get(f"/v1/ControlPlane/Stores/{store}").json()


def test_list_ledger_leaves_out_what_the_console_asks(api, profile, observe, entries):
    observe("Likes tea.")

    question = {"query": "tea"}
    api("POST", f"{profile}/Recall", question, headers={"User-Agent": USER_AGENT})

    assert entries() == []


def test_list_ledger_by_profile_mode_and_moment(recall, entries, observe):
    observe("Likes tea.", conversationIds=[CONVERSATION])
    with time_machine.travel(datetime(2026, 1, 5, 14, 31, tzinfo=UTC)):
        recall(query="tea")
    with time_machine.travel(datetime(2026, 1, 5, 14, 33, tzinfo=UTC)):
        recall(conversationId=CONVERSATION)

    newest, oldest = entries()
    assert (newest["mode"], oldest["mode"]) == ("conversation", "query")
    assert newest["parameters"] == {"conversationId": CONVERSATION}
    assert entries(mode="query") == [oldest]
    assert entries(before="2026-01-05T14:32:00Z") == [oldest]
    assert entries(profileId=newest["profileId"]) == [newest, oldest]
    assert entries(profileId=NOBODY) == []


@pytest.mark.parametrize(
    "query",
    [
        {"profileId": "x"},
        {"mode": "best"},
        {"before": "noon"},
        {"before": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_list_ledger_names_the_field_that_it_cannot_read(api, path, query):
    [field] = query

    answer = api.get(path, **query)

    assert (answer.status_code, answer.json()["message"].split(":")[0]) == (400, field)


def test_fetch_ledger_entry_tells_whether_its_memory_has_changed(
    api, path, recall, entries, observe
):
    observe("Likes tea.")
    recall(query="tea")
    entry = f"{path}/{entries()[0]['id']}"
    before = api.get(entry).json()["changed"]

    observe("Has a dog.")

    assert before is False
    assert api.get(entry).json()["changed"] is True
    assert api.get(f"{path}/mem_ledger_01k0000000000000000000000a").status_code == 404


def test_report_ledger_groups_what_found_nothing_likely_by_its_meaning(
    api, path, recall, observe
):
    observe("Rides a blue bicycle.")
    for query in (
        "How long is the warranty?",
        "Rides a blue bicycle.",
        "When does my guarantee run out?",
        "Which size of shoes do they wear?",
    ):
        recall(query=query)

    groups = api.get(f"{path}/Report").json()["unanswered"]

    assert [group["count"] for group in groups] == [2, 1]
    [nearest] = groups[0]["newest"]["items"]
    assert nearest["score"] < 0.5


def test_report_ledger_measures_each_mode(api, path, recall, observe):
    observe("Likes tea.")
    recall(query="tea")
    recall()
    recall()
    ledger.write_waiting()
    models.LedgerEntry.objects.filter(mode="recent").update(ms=4.0)

    report = api.get(f"{path}/Report").json()

    assert report["days"] == 7
    query, recent = report["latencies"]
    assert (query["mode"], query["count"]) == ("query", 1)
    assert recent == {"mode": "recent", "count": 2, "p50Ms": 4.0, "p95Ms": 4.0}


def test_ledger_goes_with_its_profile(api, path, profile, recall, observe, entries):
    observe("Likes tea.")
    recall(query="tea")
    assert len(entries()) == 1
    recall(query="coffee")

    api("DELETE", profile)

    assert entries() == []


def test_ledger_moves_with_a_merge_and_comes_back(api, path, store, recall, entries):
    base = f"/v1/Stores/{store}"

    def create(**contact):
        traits = {"traits": {"Contact": contact}}
        return api("POST", f"{base}/Profiles", traits).json()["id"]

    one, other = create(email="one@example.com"), create(phone="+14155550101")
    api("POST", f"{base}/Profiles/{other}/Recall", {"query": "tea"})
    assert [entry["profileId"] for entry in entries()] == [other]

    joined = create(email="one@example.com", phone="+14155550101")
    assert [entry["profileId"] for entry in entries()] == [joined] == [one]
    api("POST", f"{base}/Merges/{other}/Unmerge", {})

    assert [entry["profileId"] for entry in entries()] == [other]


def test_ledger_is_pruned_to_what_its_store_keeps(
    api, path, store, recall, entries, monkeypatch
):
    monkeypatch.setattr(ledger, "BATCH", 2)
    now = datetime.now(UTC)
    for days in (8, 8, 8, 6):
        with time_machine.travel(now - timedelta(days=days)):
            recall()
    assert len(entries()) == 4

    ledger.prune()
    assert len(entries()) == 1
    api.result(api("PATCH", f"/v1/ControlPlane/Stores/{store}", {"ledgerDays": 0}))
    ledger.prune()

    assert entries() == []


def test_list_ledger_keeps_to_its_store(api, path, recall, make_store):
    recall()

    other = make_store("client-2")

    assert api.get(f"/v1/Stores/{other}/RecallLedger").json()["entries"] == []
