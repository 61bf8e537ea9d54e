"""The reference holds what the service answers: no call more, none less."""

import re

from django.urls import get_resolver

from console.pages.reference.operations import every_operation
from tests.sdk.operations import OPERATIONS

SERVICES, STORES = "/v1/Services/{store_id}", "/v1/Stores/{store_id}"


def answered() -> set[str]:
    """`GET /v1/…` of every address and method of the service."""
    calls = set()
    for pattern in get_resolver("console.service.urls").url_patterns:
        path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
        calls |= {f"{method} {path}" for method in pattern.callback.methods}
    return {call for call in calls if not call.startswith("HEAD ")}


def described() -> set[str]:
    return {f"{each.method} {each.path}" for each in every_operation()}


def test_every_call_of_the_service_is_described():
    missing = answered() - described()

    # The older dialect mirrors the rest: the page says it once for all of them.
    left = {
        call for call in missing if call.replace(SERVICES, STORES) not in described()
    }
    assert left == set()


def test_nothing_is_described_that_the_service_does_not_answer():
    assert described() - answered() == set()


def test_every_operation_of_the_contract_is_called_by_the_official_clients():
    by_client = {
        f"{each.method} {re.sub(r'{.*?}', '*', each.path)}"
        for each in every_operation()
        if each.call
    }

    assert by_client == set(OPERATIONS.values())


def test_every_operation_has_an_anchor_of_its_own():
    names = [each.name for each in every_operation()]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
