"""Page tokens: what they carry, and whose they are. Contract section 4."""

import pytest
from django.core import signing

from tests.service.conftest import CONTROL, CONVERSATION, assert_refused
from tests.service.walk import walk


def test_a_token_carries_the_whole_question(api, profile, observe):
    for number in range(3):
        observe(f"keep {number}", source="a", conversationIds=[CONVERSATION])
        observe(f"leave {number}", source="b")
    path = f"{profile}/Observations"
    question = {"pageSize": "1", "orderBy": "ASC", "source": "a"}

    pages = walk(api, path, **question)

    read = [item["content"] for page in pages for item in page["observations"]]
    assert read == ["keep 0", "keep 1", "keep 2"]


def test_what_is_repeated_beside_a_token_is_accepted(api, profile, observe):
    observe("one", "two", "three", source="a")
    path = f"{profile}/Observations"
    question = {"pageSize": "2", "orderBy": "ASC", "source": "a"}
    token = api.get(path, **question).json()["meta"]["nextToken"]

    plain = api.get(path, pageToken=token).json()
    repeated = api.get(path, pageToken=token, **question).json()

    assert plain["observations"] == repeated["observations"]


@pytest.mark.parametrize("token", ["x", "a:b:c", "é", "x" * 5000, "%00", "eyJ9", " "])
def test_a_malformed_token_is_refused(api, store, token):
    for path in (CONTROL, f"/v1/Stores/{store}/Profiles"):
        answer = api.get(path, pageToken=token)
        assert_refused(answer, 400, 400, "pageToken")


def test_a_token_signed_for_another_purpose_is_refused(api):
    token = signing.dumps({"cursor": [1]}, salt="else")

    assert_refused(api.get(CONTROL, pageToken=token), 400, 400, "pageToken")


def test_a_token_of_another_list_is_refused(api, make_profile, observe, profile):
    other = make_profile("other@b.com")
    observe("one", "two")
    first = api.get(f"{profile}/Observations", pageSize="1").json()
    token = first["meta"]["nextToken"]

    for path in (f"{other}/Observations", f"{profile}/Traits", CONTROL):
        assert_refused(api.get(path, pageToken=token), 400, 400, "another list")


def test_a_token_of_another_account_is_refused(api, make_api, make_store):
    other = make_api("other")
    for by in (api, other):
        make_store("one", by=by)
        make_store("two", by=by)
    token = other.get(CONTROL, pageSize="1").json()["meta"]["nextToken"]

    assert_refused(api.get(CONTROL, pageToken=token), 400, 400, "pageToken")


def test_a_token_shows_no_more_than_it_must(api, make_profile):
    for number in range(3):
        make_profile(f"secret{number}@b.com", firstName="Ada")
    path = f"{make_profile('secret0@b.com').rpartition('/')[0]}"

    token = api.get(path, pageSize="1").json()["meta"]["nextToken"]

    assert len(token) < 1000
    assert "secret" not in str(signing.loads(token, salt="memory.page"))
