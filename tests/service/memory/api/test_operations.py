"""Contract 6.1."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.service.models import Operation
from tests.service.conftest import CONTROL, assert_refused

PATH = "/v1/ControlPlane/Operations"


@pytest.fixture
def make_store(api):
    """By the call, which leaves an operation."""

    def make(name: str = "client-1", *, by=api) -> str:
        operation = by.result(by("POST", CONTROL, {"displayName": name}))
        return operation["result"]["id"]

    return make


def test_fetch_operation_that_is_completed_says_what_it_made(api):
    answer = api("POST", CONTROL, {"displayName": "client-1"})

    fetched = api.get(answer.headers["Location"])

    operation = fetched.json()
    assert operation.keys() == {
        "operationId",
        "status",
        "statusUrl",
        "createdAt",
        "completedAt",
        "result",
        "resultUrl",
    }
    assert operation["statusUrl"] == answer.headers["Location"]
    assert operation["statusUrl"].startswith("http://testserver/v1/ControlPlane/")
    assert operation["result"]["type"] == "RESOURCE_ID"
    assert fetched.headers["Operation-Id"] == operation["operationId"]
    assert fetched.headers["Retry-After"].isdecimal()


def test_fetch_operation_that_failed_says_why(api, store):
    operation = api.result(api("POST", CONTROL, {"displayName": "client-1"}))

    error = operation["error"]
    assert error.keys() == {"type", "title", "code", "detail"}
    assert "displayName" in error["detail"]
    assert api.get(error["type"]).json()["code"] == error["code"] == 520045


def test_a_running_operation_has_no_end_and_no_result(api, store):
    Operation.objects.update(status="RUNNING", completed_at=None)
    operation = Operation.objects.get()

    shown = api.get(f"{PATH}/{operation.id}").json()

    assert shown.keys() == {"operationId", "status", "statusUrl", "createdAt"}


def test_operation_receipt_is_kept_for_seven_days(api, store):
    operation = Operation.objects.get()
    path = f"{PATH}/{operation.id}"
    almost, over = timedelta(days=6, hours=23), timedelta(days=7, minutes=1)

    Operation.objects.update(created_at=timezone.now() - almost)
    assert api.get(path).status_code == 200
    Operation.objects.update(created_at=timezone.now() - over)
    assert_refused(api.get(path), 404, 520052)


def test_operation_old_receipts_go_with_the_next_write_of_their_account(
    api, make_api, make_store
):
    make_store("one")
    make_store("two", by=make_api("other"))
    Operation.objects.update(created_at=timezone.now() - timedelta(days=8))

    make_store("three")

    assert Operation.objects.filter(account=api.sid).count() == 1
    assert Operation.objects.count() == 2


def test_operation_malformed_id_and_an_unknown_one(api):
    unknown = "mem_operation_01k0000000000000000000000a"

    assert_refused(api.get(f"{PATH}/x"), 400, 520051, "operationId")
    assert_refused(api.get(f"{PATH}/{unknown}"), 404, 520052)
