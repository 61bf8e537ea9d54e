"""Many at once in one conversation, on real databases."""

import pytest

from console.service.conversations.models import (
    ChannelUse,
    Communication,
    Conversation,
    Participant,
    Transition,
)
from console.service.memory.models import Identifier, Profile
from tests.service.conversations.conftest import (
    CONVERSATIONS,
    CUSTOMER,
    SHOP,
    a_message,
    a_participant,
    a_party,
)
from tests.service.memory.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


def test_conversation_by_twelve_at_once_is_opened_once(api, configuration):
    body = {"configurationId": configuration, "participants": [a_participant()]}

    answers = at_once(12, lambda _: api("POST", CONVERSATIONS, body))

    [made] = [each for each in answers if each.status_code == 201]
    refused = [each for each in answers if each is not made]
    assert {each.status_code for each in refused} == {409}
    named = {each.headers["X-Conflicting-Resource-Id"] for each in refused}
    assert named == {made.json()["id"]}
    assert Conversation.objects.count() == Participant.objects.count() == 1
    assert Profile.objects.count() == Identifier.objects.count() == 1


def test_communication_by_one_resource_id_at_once_is_one_row(api, path):
    def say(number: int):
        piece = a_message(f"piece {number}", resourceId="GT1:0", channelId="CA1")
        return api("POST", f"{path}/Communications", piece)

    answers = at_once(12, say)

    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["id"] for each in answers}) == 1
    row = Communication.objects.get()
    assert (row.sequence, row.revision) == (1, 12)
    assert row.text in {f"piece {number}" for number in range(12)}
    assert ChannelUse.objects.count() == 1


def test_communications_at_once_are_numbered_without_a_gap_and_join_once(api, path):
    stranger = a_party("+15557770000")

    def say(number: int):
        said = a_message(f"turn {number}", author=stranger)
        return api("POST", f"{path}/Communications", said)

    answers = at_once(12, say)

    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["author"]["participantId"] for each in answers}) == 1
    numbers = Communication.objects.values_list("sequence", flat=True)
    assert sorted(numbers) == list(range(1, 13))


def test_participant_of_one_customer_at_once_in_many_conversations_is_one_profile(
    api, configure
):
    def configured(number: int) -> dict:
        grouped = "GROUP_BY_PARTICIPANT_ADDRESSES"
        id_ = configure(f"desk {number}", conversationGroupingType=grouped)
        agent = a_participant(f"+155500010{number:02}", "AGENT")
        return {"configurationId": id_, "participants": [a_participant(), agent]}

    bodies = [configured(number) for number in range(8)]

    answers = at_once(8, lambda number: api("POST", CONVERSATIONS, bodies[number]))

    assert {each.status_code for each in answers} == {201}
    people = [each.json()["participants"][0]["profileId"] for each in answers]
    assert len(set(people)) == 1
    assert Profile.objects.count() == Identifier.objects.count() == 1


def test_participant_address_at_once_is_taken_once(api, path):
    body = a_participant("+15557770000", "AGENT")

    answers = at_once(8, lambda _: api("POST", f"{path}/Participants", body))

    codes = sorted(each.status_code for each in answers)
    assert codes == [201] + [409] * 7


def test_conversation_closed_while_communications_arrive_loses_none(api, path):
    def act(number: int):
        if number == 5:
            return api("PATCH", path, {"status": "CLOSED"})
        return api("POST", f"{path}/Communications", a_message(f"turn {number}"))

    answers = at_once(12, act)

    assert answers[5].status_code == 200
    said = [each for number, each in enumerate(answers) if number != 5]
    assert {each.status_code for each in said} <= {201, 400}
    taken = {each.json()["id"] for each in said if each.status_code == 201}
    assert set(Communication.objects.values_list("id", flat=True)) == taken
    statuses = Transition.objects.order_by("number").values_list("status", flat=True)
    assert list(statuses) == ["ACTIVE", "CLOSED"]
    late = api("POST", f"{path}/Communications", a_message("late"))
    assert late.status_code == 400


def test_action_and_communication_at_once_stand_in_one_order(api, path):
    send = {
        "type": "SEND_MESSAGE",
        "payload": {
            "from": a_party(SHOP),
            "to": [a_party(CUSTOMER)],
            "content": {"text": "A new pole is on its way."},
        },
    }

    def act(number: int):
        if number % 2:
            return api("POST", f"{path}/Actions", send)
        return api("POST", f"{path}/Communications", a_message(f"turn {number}"))

    answers = at_once(8, act)

    assert [each.status_code for each in answers] == [201, 202] * 4
    listed = api.get(f"{path}/Communications").json()["communications"]
    assert len(listed) == 8
    numbers = Communication.objects.values_list("sequence", flat=True)
    assert sorted(numbers) == list(range(1, 9))
