"""Reading profiles from memories that answer slowly, badly or not any more."""

import httpx
import pytest

from console.client.account import connect
from console.client.errors import MemoryDenied
from console.contract.ids import new_id
from console.masking.masker import Masker
from console.pages.customers.selectors.people import people_of
from console.profiles.identity import find_identity
from console.tenants.models import Tenant

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


def test_a_profile_that_went_meanwhile_is_left_out():
    gone, here = new_id("mem_profile"), new_id("mem_profile")

    def answer(request):
        if gone in request.url.path:
            return refusal(404)
        return httpx.Response(
            200, json={"id": here, "createdAt": CREATED, "traits": {}}
        )

    people = people_of(store_with(answer), [gone, here], Masker(Tenant()))

    assert [person.id for person in people] == [here]


def test_a_memory_that_fails_is_asked_for_no_more_names():
    ids = [new_id("mem_profile") for _ in range(3)]
    asked = []

    def answer(request):
        asked.append(request.url.path)
        return refusal(401)

    people = people_of(store_with(answer), ids, Masker(Tenant()))

    assert [(p.id, p.name, p.contact) for p in people] == [(id_, "", ()) for id_ in ids]
    assert len(asked) == 1


def identity_answers(lookup: httpx.Response):
    def answer(request):
        if request.url.path.endswith("IdentityResolutionSettings"):
            config = {"idType": "email", "normalization": "email"}
            body = {
                "identifierConfigs": [config],
                "matchingRules": ["email"],
                "version": 1,
            }
            return httpx.Response(200, json=body)
        return lookup

    return answer


def test_a_memory_that_answers_404_to_a_lookup_knows_nobody():
    match = find_identity(store_with(identity_answers(refusal(404))), "email:a@b.com")

    assert (match.profiles, match.problem) == ((), "")


def test_a_refused_credential_is_not_taken_for_nobody():
    store = store_with(identity_answers(refusal(403)))

    with pytest.raises(MemoryDenied):
        find_identity(store, "email:a@b.com")
