"""What only the client from PyPI does (contract, section 15)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from twilio.base.exceptions import TwilioException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client
from twilio.rest.memory.v1.bulk import BulkList
from twilio.rest.memory.v1.profile import ProfileList
from twilio.rest.memory.v1.store import StoreList

from tests.sdk.answers import ACCEPTED
from tests.sdk.python import make_profile, make_store
from tests.sdk.python.people import create_import


@pytest.fixture
def memory(python):
    return python.memory


@pytest.fixture
def store(memory):
    return make_store(memory, "shop")


def test_nulls_that_the_client_strips_change_nothing(memory, store):
    person = make_profile(memory, store, email="a@example.com", city="Bern")
    change = ProfileList.ProfilePatch({"traits": {"Contact": {"city": None}}})

    memory.profiles(store, person).patch(change)

    traits = memory.profiles(store, person).fetch().traits
    assert traits == {"Contact": {"email": "a@example.com", "city": "Bern"}}


def test_a_change_without_fields_is_accepted(memory, store):
    person = make_profile(memory, store, email="a@example.com")

    profile = memory.profiles(store, person).patch(ProfileList.ProfilePatch({}))
    changed = memory.stores(store).patch(StoreList.PatchStoreRequest({}))

    assert profile.message
    assert changed.status_url


def test_a_page_with_its_headers_spells_its_size_otherwise(memory, store):
    people = [make_profile(memory, store, email=f"{n}@example.com") for n in range(5)]

    # Sends PageSize; the next page repeats the token alone.
    first = memory.profiles(store).page_with_http_info(page_size=2, order_by="ASC")
    second = first.data.next_page()
    third = second.next_page()

    assert [list(page) for page in (first.data, second, third)] == [
        people[:2],
        people[2:4],
        people[4:],
    ]
    assert third.next_page() is None


def test_identifiers_are_read_as_a_page_too(memory, store):
    person = make_profile(memory, store, email="a@example.com", phone="4155550100")

    page = memory.identifiers(store, person).page()

    assert [item.id_type for item in page] == ["email", "phone"]


def test_encodings_asked_for_also_arrive_in_the_query(memory, store):
    person = make_profile(memory, store, email="a@example.com")

    assert memory.observations(store, person).list(accept_encoding="gzip") == []


def test_an_error_on_a_list_is_the_plain_exception(memory):
    unknown = "mem_store_01k0000000000000000000000a"

    with pytest.raises(TwilioException) as error:
        memory.profiles(unknown).list()

    assert error.value.args[1].status_code == 404


def test_a_conflict_carries_its_address_and_method(memory, store):
    with pytest.raises(TwilioException) as error:
        memory.trait_groups(store, "Contact").delete()

    assert (error.value.status, error.value.method) == (409, "DELETE")
    assert error.value.uri == f"/ControlPlane/Stores/{store}/TraitGroups/Contact"


def test_a_bulk_write_and_an_import_name_their_operation(memory, store):
    item = {"traits": {"Contact": {"email": "a@example.com"}}}
    bulk = BulkList.UpdateProfilesBulkRequest({"profiles": [item]})

    for written in (memory.bulk(store).update(bulk), create_import(memory, store)):
        operation = memory.operations(written.operation_id).fetch()

        assert operation.status_url == written.status_url
        assert operation.created_at == written.created_at
        assert operation.status in ("PENDING", "COMPLETED")


# The client still asks its HTTP library for what that has renamed.
@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The 'auth' parameter:DeprecationWarning")
def test_the_asynchronous_client_reads_and_deletes(address, account, memory, store):
    people = [make_profile(memory, store, email=f"{n}@example.com") for n in range(3)]

    async def walk() -> list[Any]:
        # No bodies: this client sends them as forms, and calls them JSON.
        async with AsyncTwilioHttpClient() as http:
            login = account["accountSid"], account["authToken"]
            client = Client(*login, http_client=http)
            client.memory.base_url = address
            profiles = client.memory.v1.profiles(store)
            fetched = await profiles(people[0]).fetch_async()
            deleted = await profiles(people[0]).delete_async()
            # One page: the client fetches any further one synchronously.
            return [fetched.id, deleted["message"], await profiles.list_async()]

    # In a thread of its own: in this one Playwright's loop may be running.
    with ThreadPoolExecutor(1) as thread:
        walked = thread.submit(lambda: asyncio.run(walk())).result()

    assert walked == [people[0], ACCEPTED, people[:0:-1]]
