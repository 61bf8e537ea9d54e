"""The contract, byte for byte, as it was answered before the modules were moved."""

import json
import os
import re
from difflib import unified_diff

import pytest
from django.db import connections

from tests.service.exchange_calls import CALLS
from tests.service.exchanges import Exchange, play, read, write

pytestmark = pytest.mark.django_db
NAMES = [f"{n:03}-{call.method}-{call.path}" for n, call in enumerate(CALLS)]


@pytest.fixture(scope="module")
def answered(django_db_setup, django_db_blocker) -> list[Exchange]:
    with django_db_blocker.unblock():
        exchanges = play()
    if os.environ.get("RECORD_EXCHANGES"):
        write(exchanges)
    return exchanges


@pytest.fixture(scope="module")
def recorded(answered) -> list[Exchange]:
    return read()


@pytest.mark.parametrize("number", range(len(CALLS)), ids=NAMES)
def test_exchange_is_answered_as_recorded(number, answered, recorded):
    before, now = lines(recorded[number]), lines(answered[number])

    if before != now:
        diff = unified_diff(before, now, "recorded", "answered", n=2, lineterm="")
        pytest.fail("\n".join(diff), pytrace=False)


def test_exchanges_succeed_with_every_operation_of_the_current_dialect(answered):
    described = "".join(answered[0]["body"]).splitlines()
    operations = [each for each in described if " /v1/" in each]
    operations = [each for each in operations if not AS_OTHERS.search(each)]

    missing = [each for each in operations if not any(map(met(each), answered))]

    assert len(operations) == 46 + len(BESIDES)
    assert set(operations) >= BESIDES
    assert missing == []


# Of the older dialect, of conversations, and of what merges and erasures leave behind.
AS_OTHERS = re.compile(
    " /v1/Services|/(LearningRules|ModelUsage|Provenance)(/|$)"
    "|/(Merges|MergeSuggestions|RecallLedger|Suppressions)(/|$)|/Profiles/Search$"
)
# Of the service's own: the contract's 46 operations are what is left.
BESIDES = {
    "GET /v1/Stores/{storeId}/Profiles/Imports/{importId}/Refusals",
    "GET /v1/Errors/{code}",
    "GET /v1/openapi.json",
    "PUT /v1/Uploads/{importId}",
}

KEPT_AS_JSON = re.compile(
    "/(IdentityResolutionSettings|TraitGroups|DataMappings|Imports)"
)


def met(operation: str):
    pattern = re.sub(r"\\\{.*?\\\}", "[^/?]+", re.escape(operation))

    def is_met(exchange: Exchange) -> bool:
        called = re.fullmatch(rf"{pattern}(\?.*)?", exchange["call"])
        return bool(called) and exchange["status"] < 300

    return is_met


def lines(exchange: Exchange) -> list[str]:
    """PostgreSQL keeps JSON with its members in an order of its own, and so they are
    answered: there the objects of such answers are compared without their order."""
    body = exchange["body"]
    on_postgresql = connections["memory"].vendor == "postgresql"
    if on_postgresql and KEPT_AS_JSON.search(exchange["call"]):
        body = [in_order("".join(body))]
    headers = [f"{name}: {value}" for name, value in exchange["headers"].items()]
    return [exchange["call"], str(exchange["status"]), *headers, "", *body]


def in_order(text: str) -> str:
    """The same JSON with sorted members and its numbers as they are written."""
    try:
        content = json.loads(text, parse_float=written, parse_int=written)
    except json.JSONDecodeError:
        return text
    return json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1)


def written(number: str) -> str:
    return f"<{number}>"
