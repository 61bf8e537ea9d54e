"""Conversations 12.5: what may be remembered."""

import pytest

from console.service.conversations import learning, models
from console.service.conversations.rules import Origin, Rules
from tests.service.conversations.conftest import (
    CONVERSATIONS,
    CUSTOMER,
    SHOP,
    a_party,
    assert_refused,
)

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")
CARD = "4111 1111 1111 1111"


@pytest.fixture
def configuration(configure) -> str:
    return configure(memoryExtractionEnabled=True)


@pytest.fixture
def rules(store) -> str:
    return f"/v1/ControlPlane/Stores/{store}/LearningRules"


@pytest.fixture
def learn_from(api, store, conversation, say):
    """What the customer's profile holds when these were said."""

    def run(*texts: str) -> list[str]:
        for text in texts:
            say(text)
        path = f"{CONVERSATIONS}/{conversation['id']}"
        api("PATCH", path, {"status": "CLOSED"})
        learning.learn.func()
        person = conversation["participants"][0]["profileId"]
        found = api.get(
            f"/v1/Stores/{store}/Profiles/{person}/Observations", orderBy="ASC"
        ).json()
        return [each["content"] for each in found["observations"]]

    return run


@pytest.mark.parametrize(
    ("kinds", "words", "text", "stored", "outcome"),
    [
        ({}, [], f"Card {CARD}.", "Card [card removed].", ""),
        ({}, [], "Mail ada@example.com.", "Mail ada@example.com.", ""),
        ({"mail": "redact"}, [], "Mail ada@example.com.", "Mail [mail removed].", ""),
        ({"card": "drop"}, [], f"Card {CARD}.", "", "dropped"),
        ({"card": "quarantine"}, [], f"Card {CARD}.", "", "quarantined"),
        ({}, ["zenith"], "I have Zenith.", "", "quarantined"),
        ({}, ["zenith"], "I read zenithblog.", "I read zenithblog.", ""),
        (
            {"words": "redact"},
            ["zenith"],
            "I have zenith.",
            "I have [words removed].",
            "",
        ),
        ({"words": "drop"}, ["tea"], f"Tea, card {CARD}.", "", "dropped"),
    ],
)
def test_rules_judge_by_the_strictest_of_what_is_found(
    kinds, words, text, stored, outcome
):
    verdict = Rules(kinds, words).judge(text)

    assert verdict.outcome == outcome
    assert outcome or verdict.text == stored
    assert CARD not in verdict.reason


def test_rules_take_payment_data_out_of_what_is_learned(learn_from, api, store):
    contents = learn_from(f"Please charge my card {CARD} for the Lofoten tent.")

    [summary] = models.Learned.objects.filter(kind="summary")
    assert contents == [
        "Customer said: Please charge my card [card removed] for the Lofoten tent."
    ]
    path = f"/v1/Stores/{store}/Profiles/{summary.profile_id}/ConversationSummaries"
    assert CARD not in api.get(f"{path}/{summary.item_id}").json()["content"]


def test_rules_hold_back_a_fact_until_a_person_releases_it(
    api, rules, conversation, learn_from, store
):
    put = api("PUT", rules, {"words": ["zenith"]})
    contents = learn_from(
        "I have zenith and need a soft sole.", "I like red boots from Norway."
    )

    path = f"{CONVERSATIONS}/{conversation['id']}/Learned"
    held = [x for x in api.get(path).json()["learned"] if x["outcome"] == "quarantined"]
    person = conversation["participants"][0]["profileId"]
    decision = f"/v1/Stores/{store}/Profiles/{person}/Provenance/{held[0]['id']}"
    released = api("PATCH", decision, {"outcome": "added"})
    after = api.get(f"/v1/Stores/{store}/Profiles/{person}/Observations").json()

    assert put.status_code == 202
    assert contents == ["Customer said: I like red boots from Norway."]
    assert held[0]["content"] == "Customer said: I have zenith and need a soft sole."
    assert held[0]["reason"] == "Quarantined by the rules, version 1: words."
    assert "item" not in held[0]
    assert released.status_code == 202
    assert len(after["observations"]) == 2
    again = api("PATCH", decision, {"outcome": "dropped"})
    assert_refused(again, 400, 400, "decided before")


@pytest.mark.parametrize("words", [["visa 4111"], ["1111 is"], ["my visa 4111 1111"]])
def test_rules_remove_all_of_what_overlaps(words):
    verdict = Rules({"words": "redact"}, words).judge(f"my visa {CARD} is new")

    assert verdict.text.endswith(" new")
    assert "1111" not in verdict.text


@pytest.mark.parametrize("word", ["Ｚｅｎｉｔｈ", "ﬁne zenith", "糖果"])
def test_rules_know_a_word_of_any_width_and_script(word):
    text = "我喜欢糖果。 A fine Zenith, ＺＥＮＩＴＨ."

    assert Rules({}, [word]).judge(text).outcome == "quarantined"


def test_rules_go_by_where_a_text_comes_from():
    rules = Rules(
        {},
        exceptions=[
            {"kind": "card", "action": "keep", "channel": "", "source": "crm/*"}
            | {"speaker": ""},
            {"kind": "any", "action": "drop", "channel": "VOICE", "source": ""}
            | {"speaker": "customer"},
        ],
    )
    heard = Origin(channel="VOICE", speaker="customer")

    assert rules.judge("I like tea.", heard).outcome == "dropped"
    assert rules.redact("I like tea.", heard) == ""
    assert rules.judge("I like tea.", Origin(channel="VOICE")).outcome == ""
    assert rules.judge(f"Card {CARD}.", Origin(source="crm/x")).text == f"Card {CARD}."
    assert CARD not in rules.judge(f"Card {CARD}.", Origin(source="crm")).text


def test_rules_quote_no_agent_of_whom_nothing_is_kept(api, rules, say, learn_from):
    exception = {"kind": "any", "action": "drop", "speaker": "agent"}
    api("PUT", rules, {"exceptions": [exception]})
    say("Which tent is it?", author=a_party(SHOP), recipients=[a_party(CUSTOMER)])

    assert learn_from("The Lofoten tent for two people.") == [
        "Customer said: The Lofoten tent for two people."
    ]


def test_rules_say_why_something_was_removed(api, conversation, learn_from):
    learn_from(f"Please charge my card {CARD} for the Lofoten tent.")

    path = f"{CONVERSATIONS}/{conversation['id']}/Learned"
    [fact, _] = api.get(path).json()["learned"]
    assert fact["reason"] == "Redacted by the default rules: card."


def test_try_learning_rules_on_what_was_said_writes_nothing(
    api, rules, conversation, learn_from
):
    api("PUT", rules, {"kinds": {"health": "keep"}})
    learn_from(f"I have asthma and my card is {CARD}.", "I like red Lofoten boots.")
    before = models.Learned.objects.count()

    put = {"kinds": {"health": "quarantine", "card": "redact"}}
    trial = api("POST", f"{rules}/Trial", put).json()

    [example] = trial["examples"]
    assert (trial["conversations"], trial["facts"]) == (1, 2)
    assert trial["counts"] == {"quarantine": {"health": 1}}
    assert "I have [health removed]" in example["text"]
    assert example["conversationId"] == conversation["id"]
    assert models.Learned.objects.count() == before
    assert api.get(rules).json()["version"] == 1


def test_fetch_learning_rules_tells_their_earlier_versions(api, rules):
    api("PUT", rules, {"kinds": {"phone": "drop"}})
    api("PUT", rules, {"words": ["tea"], "appliesToWrites": True})

    [first] = api.get(rules).json()["earlier"]
    assert first["version"] == 1
    assert first["kinds"]["phone"] == "drop"
    assert first["appliesToWrites"] is False


def test_rules_release_no_card_with_what_is_held_back():
    verdict = Rules({}, ["zenith"]).judge(f"I have zenith and card {CARD}.")

    assert verdict.text == "I have zenith and card [card removed]."
    assert (verdict.outcome, verdict.reason) == (
        "quarantined",
        "Quarantined by the default rules: words.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Mu\u0308ller Str. 4",
        "M\u00adü\u200bller Str",
        "müller  str",
        "MÜLLER\nSTR",
        "at Müller\u00a0Str",
        "Ｍüｌｌｅｒ Ｓｔｒ",
        "at 𝐌ü𝐥𝐥𝐞𝐫\u3000ⓈⓉⓇ",
        "Muller Str",
        "Ｍüｌｌｅｒ　Ｓｔｒ",
        "M&uuml;ller Str",
    ],
)
def test_rules_know_a_word_however_it_is_encoded(text):
    assert Rules({}, ["Müller Str"]).judge(text).outcome == "quarantined"


@pytest.mark.parametrize("action", ["redact", "quarantine", "drop"])
@pytest.mark.parametrize(
    "texts",
    [
        ["My card is 4111 1111", "1111 1111 by the way it expires in May."],
        ["My card is 4111 1111!", "1111", "1111 it is, and it expires in May."],
        ["My card is 4111 1111\n1111 1111 for my new house."],
        ["My card is 4111 1111! 1111 1111! Thanks for my last order."],
        ["my card: four" + " one" * 15 + " for my next order"],
        ["x" * 1180 + " my card 4111 1111 1111 1111 for my next order"],
    ],
)
def test_rules_find_a_card_in_pieces(
    api, store, rules, conversation, learn_from, texts, action
):
    api("PUT", rules, {"kinds": {"card": action}})
    observations = learn_from(*texts)

    person = conversation["participants"][0]["profileId"]
    found = api.get(f"/v1/Stores/{store}/Profiles/{person}/ConversationSummaries")
    [summary] = found.json()["summaries"]
    for text in (summary["content"], *observations):
        assert "1111" not in text
        assert "one one" not in text


def test_rules_read_a_customer_s_turns_past_an_agent_s(say, learn_from):
    say("My card is 4111 1111")
    say("Go on.", author=a_party(SHOP), recipients=[a_party(CUSTOMER)])
    learned = learn_from("1111 1111 and it expires in May of this year.")

    assert learned
    assert "1111" not in " ".join(learned)


def test_rules_hold_back_nothing_twice(api, store, rules, conversation, learn_from):
    api("PUT", rules, {"words": ["zenith"]})
    learn_from("I have zenith and need a soft sole.")
    path = f"{CONVERSATIONS}/{conversation['id']}/Learned"
    [held, *_] = api.get(path).json()["learned"]
    person = f"/v1/Stores/{store}/Profiles/{held['profileId']}"
    api("PATCH", f"{person}/Provenance/{held['id']}", {"outcome": "dropped"})
    api("POST", path, {})
    learning.learn.func()

    outcomes = [each["outcome"] for each in api.get(path).json()["learned"]]
    assert outcomes == ["dropped", "added", "same"]


def test_list_learned_names_what_was_more_than_a_person_can_judge(
    api, monkeypatch, conversation, learn_from
):
    monkeypatch.setattr(models, "WAITING_PER_PROFILE", 1)

    learn_from("I have asthma and need a mask.", "I have diabetes and need a diet.")

    path = f"{CONVERSATIONS}/{conversation['id']}"
    learned = api.get(f"{path}/Learned").json()["learned"]
    reasons = [
        x["reason"] for x in api.get(f"{path}/Diagnostics").json()["diagnostics"]
    ]
    assert [x["outcome"] for x in learned] == ["quarantined", "dropped", "added"]
    assert reasons == [learned[1]["reason"]]


def test_update_learning_rules_gives_them_a_version_and_names_a_refused_field(
    api, rules
):
    before = api.get(rules).json()
    api("PUT", rules, {"kinds": {"phone": "drop"}, "words": ["tea", "tea"]})
    after = api.get(rules).json()

    assert (before["version"], before["kinds"]["card"]) == (0, "redact")
    assert (after["version"], after["words"]) == (1, ["tea"])
    assert after["kinds"]["phone"] == "drop"
    assert after["kinds"]["card"] == "redact"
    assert api("PUT", rules, {"kinds": {"dna": "drop"}}).status_code == 400
    assert api("PUT", rules, {"words": ["x"]}).status_code == 400
    for method, path in (("PUT", rules), ("POST", f"{rules}/Trial")):
        unseen = api(method, path, {"words": ["tea", "\x84\xa0"]})
        assert unseen.status_code == 400
        assert unseen.json()["message"] == "words[1]: must hold a visible character"


def test_update_learning_rules_replaces_none_that_somebody_else_has_changed(api, rules):
    read = {"If-Match": api.get(rules).headers["ETag"]}

    first = api("PUT", rules, {"words": ["tea"]}, headers=read)
    second = api("PUT", rules, {"words": ["milk"]}, headers=read)

    assert first.status_code == 202
    assert second.status_code == 412
    assert api.get(rules).json()["words"] == ["tea"]


def test_rules_of_a_foreign_store_do_not_exist(make_api, rules):
    stranger = make_api("stranger")

    assert stranger("GET", rules).status_code == 404
    assert stranger("PUT", rules, {}).status_code == 404


def test_rules_do_not_explain_what_an_exception_keeps(
    api, rules, conversation, learn_from
):
    exception = {"kind": "health", "action": "keep", "source": "conversation/*"}
    api("PUT", rules, {"exceptions": [exception]})

    learned = learn_from("I have asthma and need a soft sole.")

    path = f"{CONVERSATIONS}/{conversation['id']}/Learned"
    assert learned == ["Customer said: I have asthma and need a soft sole."]
    assert "reason" not in api.get(path).json()["learned"][0]
