"""The walks with the client from PyPI; tests/sdk/node has the same ones in JavaScript.

A walk answers what the client was told, by the contract's field names, as plain JSON.
"""

import re
from collections.abc import Callable
from datetime import datetime
from time import sleep
from typing import Any

from twilio.base.exceptions import TwilioRestException
from twilio.rest.memory.v1 import V1
from twilio.rest.memory.v1.profile import ProfileList
from twilio.rest.memory.v1.store import StoreList

TRIES = 1000
OCCURRED_AT = "2026-01-05T09:00:00Z"
CONVERSATION = "conv_conversation_01k0000000000000000000000b"
OTHER_CONVERSATION = "conv_conversation_01k0000000000000000000000c"


def tell(instance: Any, *fields: str) -> dict[str, Any]:
    """Some fields of an instance; dates in the form that the contract gives them."""
    return {field: _plain(getattr(instance, _snake(field))) for field in fields}


def _snake(field: str) -> str:
    return re.sub("([A-Z])", r"_\1", field).lower()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def settle(memory: V1, accepted: Any) -> dict[str, Any]:
    """A 202 of the control plane, and the operation behind it."""
    operation = memory.operations(accepted.headers["Operation-Id"]).fetch()
    same = accepted.headers["Location"] == accepted.data.status_url
    return tell(
        operation, "operationId", "status", "createdAt", "completedAt", "result"
    ) | {
        "error": operation.error,
        "accepted": accepted.status_code,
        "message": accepted.data.message,
        "addressed": same and operation.status_url == accepted.data.status_url,
        "waits": accepted.headers["Retry-After"],
    }


def refusal(call: Callable[[], Any]) -> dict[str, Any] | None:
    """How the client reports an error; None when there was none."""
    try:
        call()
    except TwilioRestException as error:
        return {"status": error.status, "code": error.code, "message": error.msg}
    return None


def wait_for(condition: Callable[[], Any]) -> Any:
    """What the condition comes to, once that is something: clients ask until then."""
    for _ in range(TRIES):
        if found := condition():
            return found
        sleep(0.02)
    raise AssertionError("waited in vain")


def read_all(resource: Any, name: Callable[[Any], Any], **asked: Any) -> dict:
    """Every way that the client has of reading a list; pages hold two items."""
    pages, page, last = [], resource.page(page_size=2, **asked), None
    while page:
        pages.append([name(item) for item in page])
        last, page = page, page.next_page()
    informed = resource.list_with_http_info(page_size=2, **asked)
    return {
        "pages": pages,
        "back": [name(item) for item in last.previous_page()],
        "listed": [name(item) for item in resource.list(**asked)],
        "streamed": [name(item) for item in resource.stream(page_size=2, **asked)],
        "limited": [name(item) for item in resource.list(limit=3, **asked)],
        "beyond": [name(item) for item in resource.list(limit=5000, **asked)],
        "informed": [name(item) for item in informed.data],
    }


def make_store(memory: V1, name: str) -> str:
    """The id of a new store."""
    request = StoreList.ServiceRequest({"displayName": name})
    accepted = memory.stores.create_with_http_info(request)
    return settle(memory, accepted)["result"]["id"]


def make_profile(memory: V1, store: str, **contact: str) -> str:
    """The id of a new profile."""
    data = ProfileList.ProfileData({"traits": {"Contact": contact}})
    return memory.profiles(store).create(data).id
