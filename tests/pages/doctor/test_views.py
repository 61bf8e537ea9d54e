"""The doctor's page, what it mends and what it ignores; the command."""

import json

import pytest
from django.core.management import CommandError, call_command

from console.audit.models import AuditEntry
from console.contract.ids import new_id
from console.databases.encryption import encrypt
from tests.factories import make_profile, move_tenant
from tests.monitoring.world import SAID, THEIRS, World

PAGE = "/tenants/acme/doctor/"


@pytest.fixture
def world(tenant):
    world = World(tenant)
    world.used = world.configure(memoryExtractionEnabled=False)
    return world


def list_actions():
    return list(AuditEntry.objects.order_by("seq").values_list("action", "outcome"))


def test_doctor_names_the_first_hop_that_fails(client, world, operator):
    world.talk(world.used, *SAID)
    client.force_login(operator)

    page = client.get(PAGE).content.decode()

    assert "It stops at: extraction" in page
    assert "Switch extraction on" in page
    assert "Lisbon" not in page
    assert ("linkage.checked", "done") in list_actions()


def test_doctor_asks_for_what_a_role_may_ask_of(client, world, operator, agent):
    client.force_login(operator)
    of_operator = client.get(PAGE).text
    client.force_login(agent)
    of_agent = client.get(PAGE).text

    assert "Conversation id" in of_operator
    assert "phone number" not in of_operator
    assert "Conversation, phone number or address" in of_agent


def test_fix_linkage_by_one_click(client, world, operator):
    world.patch(
        world.used, channelSettings={"VOICE": {"captureRules": []}, "SMS": None}
    )
    client.force_login(operator)

    for name in ("extraction", "timers"):
        answer = client.post(f"{PAGE}fix/{name}/", {"on": world.used})
        assert answer.headers["Location"] == PAGE

    [found] = world.talks.list_configurations().items
    assert found.memory_extraction_enabled
    assert found.channel_settings["VOICE"].status_timeouts.closed == 60
    mended = [
        outcome for action, outcome in list_actions() if action == "linkage.mended"
    ]
    assert mended == ["allowed", "done"] * 2


def test_fix_linkage_refuses_another_store_and_an_agent(client, world, agent, operator):
    client.force_login(operator)
    other = client.post(f"{PAGE}fix/extraction/", {"on": new_id("conv_configuration")})
    client.force_login(agent)
    denied = client.post(f"{PAGE}fix/extraction/", {"on": world.used})

    assert (other.status_code, denied.status_code) == (404, 403)
    assert not world.talks.list_configurations().items[0].memory_extraction_enabled


def test_ignore_finding_until_a_day(client, world, operator):
    client.force_login(operator)
    past = {"until": "1 Jan 2020", "reason": "pilot without learning"}

    refused = client.post(f"{PAGE}ignore/extraction/", past)
    client.post(f"{PAGE}ignore/extraction/", past | {"until": "1 Jan 2999"})
    page = client.get(PAGE).content.decode()

    assert "Must be a day to come." in refused.content.decode()
    assert "Ignored until 2999-01-01: pilot without learning." in page
    assert "It stops at" not in page
    assert ("finding.ignored", "done") in list_actions()


def test_doctor_follows_an_address_that_is_in_no_url(client, world, agent, operator):
    world.talk(world.used, *SAID)
    client.force_login(agent)

    page = client.post(PAGE, {"of": THEIRS}).content.decode()
    stranger = client.post(PAGE, {"of": "+14155559876"}).content.decode()
    linked = client.get(PAGE, {"of": THEIRS})
    client.force_login(operator)
    denied = client.post(PAGE, {"of": THEIRS})

    assert "Followed:" in page
    assert "Nobody in this store has the address" in stranger
    assert (linked.status_code, denied.status_code) == (422, 403)


def test_doctor_follows_a_customer_by_a_link(client, world, agent):
    profile_id = make_profile(world.tenant, phone=THEIRS)
    world.talk(world.used, *SAID)
    client.force_login(agent)

    page = client.get(PAGE, {"of": profile_id}).content.decode()

    assert "Followed:" in page


def test_doctor_cannot_tell_of_a_memory_that_is_away(client, world, operator, settings):
    settings.MEMORY_ALLOW_PRIVATE, settings.MEMORY_TOTAL_TIMEOUT_S = True, 0.2
    move_tenant(world.tenant, "http://127.0.0.1:9")
    client.force_login(operator)

    page = client.get(PAGE).content.decode()
    with pytest.raises(CommandError) as failed:
        call_command("doctor", "acme")

    assert "Cannot tell" in page
    assert "Passes:" not in page
    assert failed.value.returncode == 2


def test_doctor_finds_one_that_began_before_there_was_a_profile(client, world, agent):
    """A number that is nobody's yet is held by whoever is written down later."""
    people = (("UNKNOWN", THEIRS), ("HUMAN_AGENT", "+14155550111"))
    talked = world.talk(world.used, *SAID, people=people)
    make_profile(world.tenant, phone=THEIRS)
    client.force_login(agent)

    page = client.post(PAGE, {"of": THEIRS}).content.decode()

    assert talked in page
    assert "It stops at: participants and profiles" in page


def test_command_answers_by_its_exit_code(world, capsys, tmp_path):
    world.patch(world.used, memoryExtractionEnabled=True)
    talked = world.talk(world.used, *SAID)
    call_command("doctor", "acme", "--conversation", talked)
    said = capsys.readouterr().out
    world.patch(world.used, memoryExtractionEnabled=False)

    with pytest.raises(CommandError) as failed:
        call_command("doctor", "acme", "--json")

    with pytest.raises(CommandError, match="begins with conv_conversation_"):
        call_command("doctor", "acme", "--conversation", "+14155550100")

    answer = json.loads(capsys.readouterr().out)
    assert "fail" not in said.split()
    assert failed.value.returncode == 1
    assert answer["first"] == "extraction"
    [wrong] = [each for each in answer["verdicts"] if each["state"] == "fail"]
    assert (wrong["id"], wrong["findings"][0]["on"]) == (9, world.used)
    assert len(answer["verdicts"]) == 30


def test_command_says_that_it_cannot_tell(world):
    world.tenant.encrypted_token = encrypt(
        "another", context=world.tenant.token_context
    )
    world.tenant.account_sid = "AC" + "0" * 32
    world.tenant.save()

    with pytest.raises(CommandError) as failed:
        call_command("doctor", "acme")

    assert failed.value.returncode == 2
