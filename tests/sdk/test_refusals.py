"""Errors as both official clients report them."""

import httpx

from tests.sdk.answers import assert_refused


def test_errors_arrive_with_status_code_and_message(walk):
    told = walk("refusals")

    assert_refused(told["stranger"], 401, 20003, "credentials")
    assert_refused(told["malformed"], 400, 520049, "storeId")
    assert_refused(told["unknown"], 404, 20404, "Profile not found")
    assert_refused(told["undeclared"], 400, 400, "shoeSize")
    assert_refused(told["empty"], 400, 520046, "observations")
    assert_refused(told["unnamed"], 400, 520046, "displayName")
    assert told["taken"] == {"status": "FAILED", "code": 520045}
    assert told["list"]["status"] == 400


def test_more_info_leads_to_an_explanation(node):
    told = node.walk("refusals")

    for error in (told["stranger"], told["unknown"], told["unnamed"], told["list"]):
        explained = httpx.get(error["moreInfo"], trust_env=False)

        assert explained.status_code == 200
        assert explained.json()["code"] == error["code"]


def test_an_api_key_opens_the_account_too(walk):
    assert walk("keys") == ["keys"]


def test_a_client_in_a_hurry_is_told_to_wait(walk, settings):
    settings.MEMORY_REQUESTS_PER_S = 0.1

    first, *others = walk("hurry")

    assert_refused(first, 404, 520041, "Store not found")
    for told in others:
        assert_refused(told, 429, 20429, "Too many requests")


def test_what_is_written_shows_a_moment_later(walk, settings):
    settings.MEMORY_VISIBILITY_LAG_S = 0.3

    told = walk("late")

    assert (told["first"], told["last"]) == ("PENDING", "COMPLETED")
    assert_refused(told["early"], 404, 20404, "Profile not found")
    assert told["traits"] == {"Contact": {"email": "l@example.com"}}
