"""Errors as the client reports them."""

from typing import Any

from twilio.base.exceptions import TwilioException
from twilio.rest.memory.v1.observation import ObservationList
from twilio.rest.memory.v1.profile import ProfileList
from twilio.rest.memory.v1.store import StoreList

from tests.sdk.python import make_profile, make_store, refusal, wait_for

NOBODY = "mem_profile_01k0000000000000000000000a"


def refusals(client: Any) -> dict[str, Any]:
    memory, store = client.memory, make_store(client.memory, "refusals")
    person = make_profile(memory, store, email="e@example.com")
    stranger = client.connect(client.account["accountSid"], "not the token").memory.v1
    undeclared = ProfileList.ProfileData({"traits": {"Contact": {"shoeSize": "44"}}})
    empty = ObservationList.CreateObservationsRequest({"observations": []})
    unnamed = StoreList.ServiceRequest({"displayName": "no spaces, please"})
    return {
        "stranger": refusal(lambda: stranger.stores.create(unnamed)),
        "malformed": refusal(memory.stores("Lookup").fetch),
        "unknown": refusal(memory.profiles(store, NOBODY).fetch),
        "undeclared": refusal(lambda: memory.profiles(store).create(undeclared)),
        "empty": refusal(lambda: memory.observations(store, person).create(empty)),
        "unnamed": refusal(lambda: memory.stores.create(unnamed)),
        "taken": _taken(memory),
        "list": _of_a_list(lambda: memory.profiles(store).list(page_token="broken")),
    }


def _taken(memory: Any) -> Any:
    """A name that is taken fails later: the operation tells it."""
    again = StoreList.ServiceRequest({"displayName": "refusals"})
    accepted = memory.stores.create_with_http_info(again)
    operation = memory.operations(accepted.headers["Operation-Id"]).fetch()
    return {"status": operation.status, "code": operation.error["code"]}


def _of_a_list(call: Any) -> dict[str, Any] | None:
    """On a list this client leaves the answer unread inside the exception."""
    try:
        call()
    except TwilioException as error:
        return {"status": error.args[1].status_code}
    return None


def keys(client: Any) -> list[str]:
    """The same account by its API key."""
    make_store(client.memory, "keys")
    by_key = client.connect(
        client.account["apiKey"], client.account["apiSecret"]
    ).memory.v1
    return [by_key.stores(store).fetch().display_name for store in by_key.stores.list()]


def hurry(client: Any) -> list[Any]:
    """One request after the other."""
    store = client.memory.stores("mem_store_01k0000000000000000000000a")
    return [refusal(store.fetch) for _ in range(3)]


def late(client: Any) -> dict[str, Any]:
    """A memory that shows later what it has accepted."""
    memory = client.memory
    request = StoreList.ServiceRequest({"displayName": "late"})
    accepted = memory.stores.create_with_http_info(request)
    operation = memory.operations(accepted.headers["Operation-Id"])
    first = operation.fetch().status
    store = wait_for(lambda: operation.fetch().result)["id"]
    person = memory.profiles(store, make_profile(memory, store, email="l@example.com"))
    early = refusal(person.fetch)
    wait_for(lambda: refusal(person.fetch) is None)
    return {
        "first": first,
        "last": operation.fetch().status,
        "early": early,
        "traits": person.fetch().traits,
    }
