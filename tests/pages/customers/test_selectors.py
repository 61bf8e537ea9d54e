"""Reading profiles from memories that answer slowly, badly or not any more."""

import httpx
import pytest

from console.client.account import connect
from console.client.errors import MemoryDenied
from console.client.network import IN_FLIGHT
from console.contract.ids import new_id
from console.masking.masker import Masker
from console.profiles.candidates import fetch_profile_rows
from console.profiles.identity import find_identity
from console.tenants.models import Tenant
from tests.factories import move_tenant
from tests.pages.odd_memory import OddMemory, serving

CREATED = "2026-01-05T09:00:00Z"


def store_with(answer):
    """A store whose memory answers each request by `answer`."""
    account = connect(
        "https://memory.example",
        username="AC" + "0" * 32,
        secret="s",
        transport=httpx.MockTransport(answer),
    )
    return account.store(new_id("mem_store"))


def refusal(status: int) -> httpx.Response:
    body = {"code": 20000 + status, "message": "no", "more_info": "", "status": status}
    return httpx.Response(status, json=body)


def test_fetch_profile_rows_leaves_out_a_deleted_profile():
    gone, here = new_id("mem_profile"), new_id("mem_profile")

    def answer(request):
        if gone in request.url.path:
            return refusal(404)
        body = {
            "id": here,
            "createdAt": CREATED,
            "traits": {"Contact": {"phone": "+4740000009"}},
        }
        if "Identifiers" in request.url.path:
            body = {"identifiers": [{"idType": "phone", "values": ["+4740000005"]}]}
        return httpx.Response(200, json=body)

    people = fetch_profile_rows(store_with(answer), [gone, here], Masker(Tenant()))

    # By which they are found, as the card's heading says, not the trait.
    assert [(person.id, person.contact) for person in people] == [
        (here, ("+47 ••• 05",))
    ]


def test_fetch_profile_rows_stops_asking_a_failing_memory():
    ids = [new_id("mem_profile") for _ in range(IN_FLIGHT * 3)]
    asked = []

    def answer(request):
        asked.append(request.url.path)
        return refusal(401)

    people = fetch_profile_rows(store_with(answer), ids, Masker(Tenant()))

    assert [(p.id, p.name, p.contact) for p in people] == [(id_, "", ()) for id_ in ids]
    assert len(asked) == 2 * IN_FLIGHT


def test_find_identity_takes_404_for_no_match(tenant, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    memory = OddMemory(id_types=["email"], failing={"/Lookup": 404})
    with serving(memory):
        move_tenant(tenant, memory.address)
        match = find_identity(tenant, "email:a@b.com")

    assert (match.profiles, match.problem) == ((), "")


def test_find_identity_raises_for_refused_credentials(tenant, settings):
    settings.MEMORY_ALLOW_PRIVATE = True
    memory = OddMemory(id_types=["email"], failing={"/Lookup": 403})
    with serving(memory):
        move_tenant(tenant, memory.address)
        with pytest.raises(MemoryDenied):
            find_identity(tenant, "email:a@b.com")
