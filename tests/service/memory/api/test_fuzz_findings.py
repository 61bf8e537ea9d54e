"""What schemathesis found (tests/fuzz): once wrong, now answered as it should be."""

import pytest

from tests.service.conftest import CONTROL, CONVERSATION

TOO_MANY = "844766"


@pytest.mark.parametrize(
    ("child", "filters"),
    [
        ("Traits", {"traitGroups": "Unknown"}),
        ("Observations", {}),
        ("ConversationSummaries", {"conversationId": CONVERSATION}),
    ],
)
def test_an_empty_list_of_too_large_pages_is_answered(api, profile, child, filters):
    answer = api.get(f"{profile}/{child}", pageSize=TOO_MANY, **filters)

    assert answer.status_code == 200
    assert answer.json()["meta"]["pageSize"] in {50, 100}


def test_the_traits_of_a_group_beyond_too_large_pages_are_answered(api, store):
    path = f"{CONTROL}/{store}/TraitGroups/Contact"

    answer = api.get(path, pageSize=TOO_MANY, includeTraits="false")

    assert answer.json()["meta"] == {"key": "traits", "pageSize": 95}


def test_an_empty_filter_counts_as_none(api, profile):
    for path in (profile, f"{profile}/Traits"):
        assert api.get(path, traitGroups="").json()["traits"]
