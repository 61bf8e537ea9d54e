from datetime import UTC, datetime

import httpx
import pytest

from console.client.account import connect
from console.client.errors import MemoryNotFound, MemoryUnexpected
from console.contract.memory.operation import Operation
from console.contract.memory.store import CreateStore, Store
from tests.client.conftest import (
    CONTROL_PATH,
    OPERATION,
    STORE,
    Memory,
    accepted,
    paged,
    refused,
)

STORES_PATH = "/v1/ControlPlane/Stores"
STORE_BODY = {
    "id": STORE,
    "displayName": "client-alpenglow",
    "status": "ACTIVE",
    "intelligenceServiceId": None,
    "version": 1,
}
BEGUN_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
OPERATION_BODY = {
    "operationId": OPERATION,
    "status": "COMPLETED",
    "createdAt": "2026-01-05T09:00:00Z",
    "result": {"type": "RESOURCE_ID", "id": STORE},
}
PENDING = Operation(operation_id=OPERATION, status="PENDING", created_at=BEGUN_AT)
STARTED = {"Operation-Id": OPERATION}


def test_one_process_keeps_one_connection_pool_an_address():
    first = connect("https://memory.example", username="a", secret="b")
    second = connect("https://memory.example/", username="c", secret="d")

    assert first._sender._http is second._sender._http


def test_stores_are_listed_by_id():
    memory = Memory(paged("stores", STORE, nextToken="b3Bh", previousToken=None))

    page = memory.account.list_stores(page_token="a/b", page_size=10)

    assert page.items == (STORE,)
    assert (page.next_token, page.previous_token) == ("b3Bh", None)
    assert memory.sent == [f"GET {STORES_PATH}?pageToken=a%2Fb&pageSize=10"]


def test_a_store_is_fetched():
    memory = Memory(STORE_BODY | {"description": "Boots", "later": {"field": 1}})

    store = memory.account.fetch_store(STORE)

    assert store == Store(
        id=STORE,
        display_name="client-alpenglow",
        status="ACTIVE",
        version=1,
        description="Boots",
    )
    assert memory.sent == [f"GET {CONTROL_PATH}"]


def test_fetch_description_answers_the_document_as_it_is():
    memory = Memory({"openapi": "3.1.0", "paths": {}})

    assert memory.account.fetch_description() == {"openapi": "3.1.0", "paths": {}}
    assert memory.sent == ["GET /v1/openapi.json"]


def test_fetch_description_raises_where_a_memory_publishes_none():
    with pytest.raises(MemoryNotFound):
        Memory(refused(404)).account.fetch_description()


def test_a_store_is_created_by_an_operation():
    memory = Memory(accepted(**STARTED))

    operation = memory.account.create_store(
        CreateStore(display_name="client-alpenglow", description="Boots")
    )

    assert (operation.operation_id, operation.status) == (OPERATION, "PENDING")
    assert memory.sent == [f"POST {STORES_PATH}"]
    assert memory.body() == {"displayName": "client-alpenglow", "description": "Boots"}


def test_a_store_without_a_description_sends_none():
    memory = Memory(accepted(**STARTED))

    memory.account.create_store(CreateStore(display_name="client-alpenglow"))

    assert memory.body() == {"displayName": "client-alpenglow"}


def test_a_store_is_deleted():
    memory = Memory(accepted(**STARTED))

    memory.account.delete_store(STORE)

    assert memory.sent == [f"DELETE {CONTROL_PATH}"]


def test_an_accepted_change_without_its_operation_leaves_the_outcome_open():
    with pytest.raises(MemoryUnexpected, match="Operation-Id") as caught:
        Memory(accepted()).account.create_store(
            CreateStore(display_name="client-alpenglow")
        )

    assert caught.value.maybe_done


def test_a_failed_operation_says_why():
    error = {"code": 520045, "title": "Conflict", "detail": "displayName is taken"}
    body = OPERATION_BODY | {"status": "FAILED", "error": error, "result": None}

    operation = Memory(body).account.fetch_operation(OPERATION)

    assert operation.is_done
    assert operation.error.code == 520045
    assert operation.failure == "displayName is taken"
    assert operation.result_id == ""


@pytest.mark.parametrize(
    "call",
    [
        lambda account: account.fetch_store(STORE[:-1] + "0"),
        lambda account: account.fetch_operation("mem_operation_other"),
    ],
)
def test_an_answer_about_something_else_is_never_shown(call):
    memory = Memory(STORE_BODY | OPERATION_BODY)

    with pytest.raises(MemoryUnexpected, match="something else"):
        call(memory.account)


@pytest.mark.parametrize("bad", ["", "..", "a/b", "a?b", f"{STORE}\n", "mem_store_1"])
def test_what_is_no_id_is_never_sent(bad):
    memory = Memory(STORE_BODY)

    with pytest.raises(MemoryNotFound, match=r"^No store has"):
        memory.account.fetch_store(bad)
    with pytest.raises(MemoryNotFound, match=r"^No store has"):
        memory.account.store(bad)

    assert memory.requests == []


def test_an_operation_is_waited_for(clock):
    running = OPERATION_BODY | {"status": "RUNNING", "result": None}
    memory = Memory(running, refused(500), running, OPERATION_BODY)

    operation = memory.account.wait_for(PENDING)

    assert operation.result_id == STORE
    assert clock.naps == [0.05, 0.1, 0.2]


def test_an_operation_that_is_done_is_not_asked_for():
    memory = Memory(OPERATION_BODY)
    done = Operation(operation_id=OPERATION, status="CANCELLED", created_at=BEGUN_AT)

    assert memory.account.wait_for(done) is done
    assert memory.requests == []


def test_an_operation_that_never_ends_is_left_at_the_deadline(clock, settings):
    running = OPERATION_BODY | {"status": "RUNNING", "result": None}
    memory = Memory(running)

    operation = memory.account.wait_for(PENDING)

    assert operation.status == "RUNNING"
    assert sum(clock.naps) < settings.MEMORY_TOTAL_TIMEOUT_S


@pytest.mark.parametrize(
    "body", [{}, {"stores": None, "meta": None}, {"stores": [], "meta": {"key": None}}]
)
def test_a_list_that_is_left_out_is_empty(body):
    page = Memory(body).account.list_stores(page_token="asked")

    assert page.items == ()
    assert page.next_token is page.previous_token is None


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"stores": {}, "meta": {}}, ".stores"),
        ({"stores": [STORE, "mem_store_x"], "meta": {}}, ".stores[1]"),
        ({"stores": [5], "meta": {}}, ".stores[0]"),
        ({"stores": [], "meta": {"nextToken": 5}}, ".meta.nextToken"),
        ({"stores": [], "meta": {"nextToken": "asked"}}, ".meta.nextToken"),
    ],
)
def test_a_list_that_is_none_is_refused_by_its_field(body, place):
    with pytest.raises(MemoryUnexpected) as caught:
        Memory(body).account.list_stores(page_token="asked")

    assert f"at “${place}”" in caught.value.message


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"displayName": None}, ".displayName"),
        ({"version": "1"}, ".version"),
        ({"id": "mem_profile_" + "0" * 26}, ".id"),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused_by_its_name(body, place):
    with pytest.raises(MemoryUnexpected) as caught:
        Memory(STORE_BODY | body).account.fetch_store(STORE)

    assert f"at “${place}”" in caught.value.message
    assert "maybe" not in caught.value.message


def test_an_operation_with_a_misshapen_result_is_refused():
    body = OPERATION_BODY | {"result": "done"}

    with pytest.raises(MemoryUnexpected, match="result"):
        Memory(body).account.fetch_operation(OPERATION)


def test_an_assertion_of_a_transport_is_not_hidden():
    memory = Memory(httpx.Response(200))
    memory.answers = [AssertionError("inside a transaction")]

    with pytest.raises(AssertionError, match="transaction"):
        memory.account.list_stores()
