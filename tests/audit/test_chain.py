import re
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from console.audit.models import (
    GENESIS,
    Facts,
    digest_reason,
    encode_facts,
    hash_entry,
)

FACTS = Facts(
    seq=1,
    at=datetime(2026, 1, 5, 9, 0, 0, 123000, tzinfo=UTC),
    actor_id="7",
    actor="zoë@demo.example",
    role="officer",
    tenant="alpenglow",
    action="observation.deleted",
    object_type="observation",
    object_id="mem_observation_01kce57bqte2vr3vckwgb1zdtb",
    outcome="done",
    details={"revisions": 2, "observations": 1, "code": "wrong_fact"},
    reason_digest="ab" * 32,
    request_id="r1",
    profile_id="mem_profile_01kce57bqte2vr3vckwgb1zdtb",
)


def test_encode_facts_gives_these_very_bytes():
    written = encode_facts(FACTS)

    assert written == (
        b'["memory-console/audit/2",1,1767603600123,"7","zo\\u00eb@demo.example",'
        b'"officer","alpenglow","observation.deleted","observation",'
        b'"mem_observation_01kce57bqte2vr3vckwgb1zdtb","done",'
        b'[["code","wrong_fact"],["observations",1],["revisions",2]],'
        b'"' + b"ab" * 32 + b'","r1","mem_profile_01kce57bqte2vr3vckwgb1zdtb"]'
    )


def test_encode_facts_keeps_the_bytes_of_version_1():
    written = encode_facts(replace(FACTS, profile_id=""), 1)

    assert written == (
        b'["memory-console/audit/1",1,1767603600123,"7","zo\\u00eb@demo.example",'
        b'"officer","alpenglow","observation.deleted","observation",'
        b'"mem_observation_01kce57bqte2vr3vckwgb1zdtb","done",'
        b'[["code","wrong_fact"],["observations",1],["revisions",2]],'
        b'"' + b"ab" * 32 + b'","r1"]'
    )


def test_hash_entry_matches_the_golden_vector():
    facts = replace(FACTS, profile_id="")

    first = hash_entry(GENESIS, facts, 1)
    second = hash_entry(first, replace(facts, seq=2, details={}), 1)
    third = hash_entry(second, replace(FACTS, seq=3))

    assert first == "944585ee5257d21220cf5e68f6c4dfba7cde8ab17867563fbd01bd575bd710de"
    assert second == "a326b4071a34f5b608b51ca5f0a82d7385b84648434948ebe861baed90ff8a00"
    assert third == "33b8685bd445fc664aeb66b777ab6244b8883002627818221a3ece5394c978d5"


def test_digest_reason_matches_the_golden_vector():
    assert (
        digest_reason("00" * 16, "Müller asked by letter")
        == "0de1a42f22bfb20502f6cc3f10e6429c7c03c415b98deee67336a63884da2325"
    )


@pytest.mark.parametrize("name", [field.name for field in fields(Facts)])
def test_hash_entry_covers_every_field(name):
    others = {"seq": 2, "at": datetime(2026, 1, 6, tzinfo=UTC), "details": {"n": 1}}

    changed = replace(FACTS, **{name: others.get(name, "other")})

    assert hash_entry(GENESIS, changed) != hash_entry(GENESIS, FACTS)


def test_hash_entry_keeps_fields_apart():
    one = replace(FACTS, actor_id="ab", actor="c")
    other = replace(FACTS, actor_id="a", actor="bc")

    assert hash_entry(GENESIS, one) != hash_entry(GENESIS, other)


def test_encode_facts_ignores_the_order_of_details():
    turned = replace(FACTS, details=dict(reversed(FACTS.details.items())))

    assert encode_facts(turned) == encode_facts(FACTS)


def test_hash_entry_is_64_hex_digits():
    assert re.fullmatch("[0-9a-f]{64}", hash_entry(GENESIS, FACTS))
