import re

import pytest

from console.contract import ids


@pytest.mark.parametrize(
    ("prefix", "pattern"),
    [
        ("mem_store", ids.STORE_ID),
        ("mem_profile", ids.PROFILE_ID),
        ("mem_observation", ids.OBSERVATION_ID),
        ("mem_summary", ids.SUMMARY_ID),
        ("mem_operation", ids.OPERATION_ID),
        ("conv_conversation", ids.CONVERSATION_ID),
    ],
)
def test_new_id_fits_its_pattern_and_no_other(prefix, pattern):
    new = ids.new_id(prefix)

    every = [p for p in vars(ids).values() if isinstance(p, re.Pattern)]
    assert [p for p in every if p.fullmatch(new)] == [pattern]


def test_new_id_sorts_by_creation_and_never_repeats():
    made = [ids.new_id("mem_profile") for _ in range(1000)]

    assert made == sorted(made)
    assert len(set(made)) == 1000


def test_store_id_has_two_prefixes():
    assert ids.STORE_ID.fullmatch("mem_service_01k0000000000000000000000a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mem_store_",
        "mem_store_81k0000000000000000000000a",
        "mem_store_01k0000000000000000000000",
        "mem_store_01k0000000000000000000000ab",
        "mem_store_01K0000000000000000000000A",
        "mem_store_01k0000000000000000000000a\n",
        "MEM_STORE_01k0000000000000000000000a",
    ],
)
def test_store_id_refuses_what_is_no_id(text):
    assert not ids.STORE_ID.fullmatch(text)
