"""Each check finds what it is for, before any other, and nothing where all is well."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from console.client.errors import MemoryNotFound, MemoryUnreachable
from console.contract.conversations.delivery import Diagnostic
from console.contract.ids import new_id
from console.databases.encryption import encrypt
from console.monitoring.checks import CHECKS, JUDGES, State, judge_all
from console.monitoring.evidence import Read
from tests.factories import make_store, make_tenant
from tests.monitoring.world import (
    OURS,
    SAID,
    THEIRS,
    World,
    channel,
    list_wrong,
    look,
)


@pytest.fixture
def world(tenant):
    world = World(tenant)
    world.used = world.configure()
    world.talked = world.talk(world.used, *SAID)
    return world


def test_checks_find_nothing_where_all_is_well(world):
    assert world.list_wrong() == []
    assert world.list_wrong(world.talked) == []
    assert world.list_wrong(THEIRS) == []


# -- Ways in which it is broken through the API. Each answers for which conversation the
# doctor is asked then; none: for the tenant.


def break_credentials(world):
    tenant = world.tenant
    tenant.encrypted_token = encrypt("another", context=tenant.token_context)


def break_store(world):
    world.put(world.used, memoryStoreId=new_id("mem_store"))


def break_configuration(world):
    world.api("DELETE", f"/v2/ControlPlane/Configurations/{world.used}")


def break_intended(world):
    other = make_store(world.tenant.account_sid, "Client-A-cme")
    world.configure("of another", memoryStoreId=other, channelSettings={})


def break_members(world):
    world.put(world.used, statusCallbacks=[])


def break_bridge(world):
    rule = {"from": "*", "to": "*", "metadata": {"chatService": "IS" + "0" * 32}}
    chat = channel() | {"captureRules": [rule]}
    world.promote(chatId="chat")
    world.patch(world.used, channelSettings={"CHAT": chat})


def break_version(world):
    world.talk(world.used, closes=False)
    world.patch(world.used, channelSettings={"SMS": channel(OURS, closed=90)})


def break_grouping(world):
    world.configure(
        "by profile",
        conversationGroupingType="GROUP_BY_PROFILE",
        channelSettings={"SMS": channel()},
    )
    put_identity(world, matchingRules=["email"])


def break_rules(world):
    one_way = channel(OURS)
    one_way["captureRules"].pop()
    world.patch(world.used, channelSettings={"SMS": one_way})


def break_overlap(world):
    both = channel(OURS)
    both["captureRules"].append({"from": THEIRS, "to": OURS})
    world.patch(world.used, channelSettings={"SMS": both})


def break_timeouts(world):
    world.patch(
        world.used, channelSettings={"SMS": channel(OURS) | {"statusTimeouts": None}}
    )


def break_traits(world):
    channels = {"WHATSAPP": channel(f"whatsapp:{OURS}")}
    world.patch(world.used, channelSettings=channels)


def break_identity(world):
    put_identity(world, normalization="trim")


def break_customer(world):
    people = (("UNKNOWN", "+14155550133"), ("HUMAN_AGENT", OURS))
    return world.talk(world.used, *SAID, people=people)


def break_address(world):
    people = (("CUSTOMER", "client:ada"), ("HUMAN_AGENT", OURS))
    return world.talk(world.used, *SAID, channel="VOICE", people=people)


def break_extraction(world):
    world.patch(world.used, memoryExtractionEnabled=False)


def break_content(world):
    people = (("HUMAN_AGENT", OURS), ("CUSTOMER", THEIRS))
    return world.talk(world.used, *SAID, people=people)


def break_trigger(world):
    return world.talk(world.used, *SAID, learns=False)


def break_observations(world):
    [profile_id] = world.store.list_profiles().items
    for each in world.store.list_observations(profile_id).items:
        world.store.delete_observation(profile_id, each.id)


def break_summary(world):
    [profile_id] = world.store.list_profiles().items
    for each in world.store.list_summaries(profile_id).items:
        world.store.delete_summary(profile_id, each.id)


def break_capacity(world):
    for number in range(9):
        numbers = {"SMS": channel(f"+1415555020{number}")}
        world.configure(f"team {number}", channelSettings=numbers)


def put_identity(world, **changes):
    """normalization  of phone; the others have the contract's names"""
    path = f"/v1/ControlPlane/Stores/{world.tenant.store_id}/IdentityResolutionSettings"
    present = world.api("GET", path)
    for config in present["identifierConfigs"]:
        if config["idType"] == "phone":
            config["normalization"] = changes.get("normalization", "phone")
    body = {
        "identifierConfigs": present["identifierConfigs"],
        "matchingRules": changes.get("matchingRules", present["matchingRules"]),
    }
    world.api("PUT", path, body)


BROKEN = {
    name.removeprefix("break_"): act
    for name, act in list(globals().items())
    if name.startswith("break_")
}


@pytest.mark.parametrize("name", BROKEN)
def test_check_finds_first_what_the_api_has_broken(world, name):
    asked = BROKEN[name](world) or ""

    assert world.list_wrong(asked)[:1] == [name]


# -- Ways that our own service does not allow, or that time brings.


def change_subject(evidence, **changes):
    talk = structs.replace(evidence.talk, **changes)
    return replace(evidence, subject=Read(talk), recent=Read((talk,)))


def change_customer(evidence, **changes):
    customer, *others = evidence.talk.participants
    people = (structs.replace(customer, **changes), *others)
    return change_subject(evidence, participants=people)


def change_configuration(evidence, **changes):
    [only] = evidence.configurations()
    return replace(evidence, configurations=Read((structs.replace(only, **changes),)))


def change_callbacks(evidence):
    [only] = evidence.configurations()
    callback = structs.replace(only.status_callbacks[0], url="http://10.0.0.8/talks")
    return change_configuration(evidence, status_callbacks=(callback,))


HAND_MADE = {
    "usable": lambda e: replace(
        e, store=Read(structs.replace(e.store(), status="PROVISIONING"))
    ),
    "store_id": lambda e: change_configuration(e, memory_store_id="memora_01"),
    "callbacks": change_callbacks,
    "traffic": lambda e: replace(e, now=e.now + timedelta(days=40)),
    "stuck": lambda e: replace(
        change_subject(e, status="ACTIVE"), now=e.now + timedelta(hours=2)
    ),
    "profile": lambda e: change_customer(e, profile_id=""),
    "resolves": lambda e: replace(e, profiles=Read(dict.fromkeys(e.profiles(), ""))),
    "diagnostics": lambda e: replace(
        e, diagnostics=Read([Diagnostic(id="1", code=530003, reason="no", at=e.now)])
    ),
    "recall": lambda e: replace(e, by_text=Read(())),
}


def test_check_finds_first_what_only_another_memory_can_have_broken(world):
    evidence = look(world.tenant)

    found = {
        name: list_wrong(change(evidence))[:1] for name, change in HAND_MADE.items()
    }

    assert found == {name: [name] for name in HAND_MADE}


def test_a_rule_that_names_a_customer_makes_no_agent_of_them(world):
    break_overlap(world)

    assert world.list_wrong() == ["overlap"]


def test_every_check_is_broken_in_one_way():
    assert len(CHECKS) == 30
    assert {*BROKEN, *HAND_MADE} == {*CHECKS}
    assert not {*BROKEN} & {*HAND_MADE}
    assert sorted(each.id for each in CHECKS.values()) == sorted(
        {*range(1, 13), 14, 17, 18, 19, *range(25, 38), 39}
    )


# -- Healthy ones: four of each tenant, by one to four configurations. DOCTOR_HEALTHY=5
# makes twenty.

HEALTHY = [
    ("SMS", "GROUP_BY_PROFILE", channel("{}"), "+1415555{}"),
    ("VOICE", "GROUP_BY_PARTICIPANT_ADDRESSES", channel("{}", 5, 30), "+1415555{}"),
    (
        "WHATSAPP",
        "GROUP_BY_PARTICIPANT_ADDRESSES_AND_CHANNEL_TYPE",
        channel("whatsapp:{}", 1, 2),
        "whatsapp:+1415555{}",
    ),
    ("CHAT", "GROUP_BY_PROFILE", channel("", 15, 600), "ada-{}"),
]


def test_no_check_is_alarmed_by_healthy_ones(db):
    found = {}
    tenants = int(os.environ.get("DOCTOR_HEALTHY", "2"))
    for size in range(1, tenants + 1):
        world = World(make_tenant(f"client-{'abcde'[size - 1] * 3}"))
        world.promote(chatId="chat", whatsappNumber="whatsapp")
        for place in range(4):
            kind, grouping, setting, address = HEALTHY[(size + place) % 4]
            number, ours = f"0{size}{place}1", f"+1415556{size}{place}00"
            rules = [
                {side: text.format(ours) for side, text in rule.items()}
                for rule in setting["captureRules"]
            ]
            if place < size:
                used = world.configure(
                    f"team {kind} {place}",
                    conversationGroupingType=grouping,
                    channelSettings={kind: setting | {"captureRules": rules}},
                )
            elif (
                kind not in world.talks.list_configurations().items[0].channel_settings
            ):
                world.patch(used, channelSettings={kind: channel()})
            people = (("CUSTOMER", address.format(number)), ("AI_AGENT", ours))
            talked = world.talk(used, *SAID, channel=kind, people=people)
            found[size, place] = world.list_wrong(talked)
        found[size] = world.list_wrong()

    assert len(found) == 5 * tenants
    assert {key: wrong for key, wrong in found.items() if wrong} == {}


def test_a_call_that_fails_is_never_taken_for_well(world):
    evidence = look(world.tenant)
    away = Read(problem=MemoryUnreachable("The memory cannot be reached."))
    silent = {
        name: away
        for name in evidence.__dataclass_fields__
        if isinstance(getattr(evidence, name), Read)
    }

    verdicts = judge_all(replace(evidence, **silent), {})

    assert not [each.name for each in verdicts if each.state == State.OK]
    assert len(JUDGES) == len(verdicts)


def test_what_is_known_is_ignored_until_its_day(world):
    world.patch(world.used, memoryExtractionEnabled=False)
    evidence = look(world.tenant)
    today, tomorrow = (
        {"extraction": {"until": str((evidence.now + timedelta(days=x)).date())}}
        for x in (0, 1)
    )

    states = [
        next(x.state for x in judge_all(evidence, known) if x.name == "extraction")
        for known in (today, tomorrow)
    ]

    assert states == [State.FAIL, State.KNOWN]


def test_another_tenants_conversation_is_as_unknown_as_none(world):
    other = World(make_tenant("other"))
    other_talk = other.talk(other.configure(), *SAID)

    assert world.list_wrong(other_talk) == world.list_wrong(new_id("conv_conversation"))
    assert world.list_wrong(other_talk)[0] == "intended"


def test_what_a_hosted_memory_does_not_tell_is_neither_well_nor_wrong(world):
    missing = MemoryNotFound("Not found.", code=20404, http_status=404)
    told = ("transitions", "diagnostics", "learned", "deliveries", "knowledge")
    evidence = replace(look(world.tenant), **dict.fromkeys(told, Read(problem=missing)))

    states = {each.name: each.state for each in judge_all(evidence, {})}

    assert {name for name, state in states.items() if state != "ok"} == {"diagnostics"}
    assert states["diagnostics"] == State.SKIPPED


def test_a_mistyped_store_is_found_from_the_tenant_it_was_meant_for(world):
    lost = world.configure("mistyped", memoryStoreId=new_id("mem_store"))
    talked = world.api("POST", "/v2/Conversations", {"configurationId": lost})["id"]

    assert world.list_wrong(talked)[:1] == ["store"]


def test_a_program_that_closes_conversations_needs_no_timers(world):
    used = world.configure("closed by us", channelSettings={"SMS": {}})
    talked = world.talk(
        used, *SAID, people=(("CUSTOMER", "+14155550144"), ("AGENT", OURS))
    )

    assert world.list_wrong(talked) == []
