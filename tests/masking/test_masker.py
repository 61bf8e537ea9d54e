"""One person's view of one customer."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console.masking.masker import (
    MaskedValue,
    Masker,
    find_shares,
    get_reveal_target,
    mask_text,
    masker_for,
)
from console.masking.models import Reveal
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from tests.factories import make_tenant

SAID = "Call +15558675310."


def revealed(user, tenant, profile_id, subject, minutes=10):
    until = timezone.now() + timedelta(minutes=minutes)
    return Reveal.objects.create(
        user=user, tenant=tenant, profile_id=profile_id, subject=subject, until=until
    )


@pytest.mark.parametrize(
    ("how", "text"),
    [("detect", "Call +1 ••• 10."), ("hide", "•••"), ("clear", SAID)],
)
def test_mask_text_follows_the_tenants_rule(how, text):
    masker = Masker(Tenant(masking={"texts": how}), profile_id="p")

    shown = masker.mask_text("observation", "o1", SAID)

    assert shown.text == text
    assert shown.is_masked == (how != "clear")
    assert shown.profile_id == ("p" if how != "clear" else "")


def test_mask_trait_follows_the_rule_of_its_group():
    masker = Masker(Tenant(masking={"group/Account": "hide", "identifiers": "clear"}))

    assert masker.mask_trait("Account", "tier", "gold").text == "•••"
    assert masker.mask_trait("Contact", "tier", "gold").text == "gold"
    assert masker.mask_identifier("email", ["a@b.com"])[0].text == "a@b.com"


def test_masker_for_reveals_one_subject_to_one_person(agent, officer, tenant):
    other = make_tenant("other")
    revealed(agent, tenant, "p1", "observation/o1")

    def seen(user, where, profile_id, id_):
        masker = masker_for(Actor(user, where, Role.AGENT), profile_id)
        return masker.mask_text("observation", id_, SAID).text

    assert seen(agent, tenant, "p1", "o1") == SAID
    assert seen(agent, tenant, "p1", "o2") == DOTTED
    assert seen(agent, tenant, "p2", "o1") == DOTTED
    assert seen(agent, tenant, "", "o1") == DOTTED
    assert seen(officer, tenant, "p1", "o1") == DOTTED
    assert seen(agent, other, "p1", "o1") == DOTTED


DOTTED = "Call +1 ••• 10."


def test_masker_for_ends_a_reveal(agent, tenant):
    revealed(agent, tenant, "p1", "observation/o1", minutes=-1)

    shown = masker_for(Actor(agent, tenant, Role.AGENT), "p1").mask_text(
        "observation", "o1", SAID
    )

    assert shown.text == DOTTED


def test_masker_for_ignores_reveals_without_the_permission(agent, tenant):
    revealed(agent, tenant, "p1", "observation/o1")

    masker = masker_for(Actor(agent, tenant, Role.AUDITOR), "p1")
    shown = masker.mask_text("observation", "o1", SAID)

    assert (shown.text, shown.profile_id) == (DOTTED, "")


def test_mask_trait_offers_no_reveal_for_a_name_without_an_address():
    shown = Masker(Tenant(), profile_id="p").mask_trait("Contact", "e/mail", "a@b.com")

    assert shown.is_masked
    assert shown.profile_id == ""


def test_mask_identifier_numbers_the_values_of_one_subject():
    masker = Masker(Tenant(), profile_id="p")

    shown = masker.mask_identifier("badge", ["88121", "5558675310"])

    assert {each.subject for each in shown} == {"identifier/badge"}
    assert [each.dom_id for each in shown] == [
        "shown-identifier-badge",
        "shown-identifier-badge-2",
    ]
    assert get_reveal_target(shown) is shown[1]
    assert get_reveal_target(shown[:1]) is shown[0]


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        ({"Contact": {"firstName": "Ada", "lastName": "Li"}}, "A••• L•••"),
        ({"A": {"tier": "x"}, "B": {"name": "Bo Ek"}}, "B••• E•••"),
        ({"Contact": {"email": "a@b.com"}}, ""),
    ],
)
def test_mask_name_shows_initials(traits, name):
    assert Masker(Tenant()).mask_name(traits) == name


def test_masked_value_has_a_label_and_a_time_left():
    soon = timezone.now() + timedelta(seconds=30)

    labels = [
        MaskedValue("", s).label for s in ("summary/s1", "trait/A.b", "identifier/x")
    ]

    assert labels == ["this summary", "A.b", "the x"]
    assert 30 <= MaskedValue("", "summary/s1", clear_until=soon).clear_for_s <= 32
    assert MaskedValue("", "summary/s1").clear_for_s == 1
    assert SAID not in repr(MaskedValue(SAID, "summary/s1"))


def test_mask_trait_keeps_names_with_dots_apart(tenant):
    masker = Masker(tenant, profile_id="p1")
    mail = "a@b.com"
    names = [("A", "b.c"), ("A.b", "c"), ("A.b", "c.d"), ("A.b.c", "d"), ("A", "b..c")]

    shown = [masker.mask_trait(group, name, mail) for group, name in names]

    assert len({each.subject for each in shown}) == len(names)
    assert [bool(each.profile_id) for each in shown] == [True] * 4 + [False]


def test_mask_name_stays_masked_when_revealed(tenant):
    until = timezone.now() + timedelta(minutes=5)
    masker = Masker(tenant, {"name/Contact": until}, profile_id="p1")

    said = masker.mask_name({"Contact": {"firstName": "Ada"}})

    assert said == "A•••"
    assert masker.mask_trait("Contact", "firstName", "Ada").text == "Ada"


def test_mask_whole_name_is_revealed_with_its_parts(tenant):
    until = timezone.now() + timedelta(minutes=5)
    masker = Masker(tenant, {"name/Contact": until}, profile_id="p1")
    traits = {"Contact": {"firstName": "Ada", "lastName": "Li"}}

    whole, way, *parts = masker.mask_whole_name(traits)

    assert (whole.text, whole.clear_until) == ("Ada Li", until)
    assert [part.text for part in parts] == ["Ada", "Li"]
    ids = [value.dom_id for value in (whole, way, *parts)]
    assert ids == [f"shown-name-Contact{end}" for end in ("", "-0", "-2", "-3")]
    elsewhere = masker.mask_whole_name({"CRM": {"name": "Ada Li"}})
    assert [value.text for value in elsewhere] == ["A••• L•••"] * 3
    assert not elsewhere[0].profile_id
    assert masker.mask_whole_name({}) == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Ana said: I moved to Bergen.", "A••• said: I moved to Bergen."),
        ("Ana Lovelace said: Yes.", "A••• L••• said: Yes."),
        ('Asked "When?": Ana said: In May.', 'Asked "When?": A••• said: In May.'),
        (
            "SMS, 2 messages\nAna said: No. Bo said: Ok.",
            "SMS, 2 messages\nA••• said: No. B••• said: Ok.",
        ),
        ("Customer said: I like tea.", "Customer said: I like tea."),
        ("The shop, as I said: no.", "The shop, as I said: no."),
    ],
)
def test_mask_text_masks_who_speaks_in_what_was_learned(text, masked):
    assert mask_text(text) == masked


CARD_SAID = [
    ("ana", "My card is 4111 1111"),
    ("kim", "Go on"),
    ("ana", "1111 1111 ok?"),
]


@pytest.mark.parametrize(
    ("turns", "masked"),
    [
        (CARD_SAID, ["My card is •••", "Go on", "••• ok?"]),
        (
            [("ana", "4111"), ("ana", "1111"), ("ana", "1111"), ("ana", "1111")],
            ["•••"] * 4,
        ),
        ([("kim", "What is your PIN?"), ("ana", "4821")], ["What is your PIN?", "•••"]),
        (
            [("ana", "Ring me on +1 555"), ("kim", "mhm"), ("ana", "867 5310")],
            ["Ring me on •••", "mhm", "•••"],
        ),
        ([("ana", "ada@"), ("ana", "acme.com")], ["•••", "•••"]),
        (
            [("ana", "It was in 2026"), ("ana", "4521998 is my order number")],
            ["It was in 2026", "4521998 is my order number"],
        ),
        (
            [("ana", f"{'long ' * 300}4111 1111"), ("ana", "1111 1111")],
            [f"{'long ' * 300}4111 1111", "1111 1111"],
        ),
    ],
)
def test_mask_text_takes_a_share_of_what_several_turns_say(turns, masked):
    shares = find_shares(turns)

    shown = [mask_text(text, shares=shares[n]) for n, (_, text) in enumerate(turns)]

    assert shown == masked


def test_find_shares_leaves_alone_what_each_turn_says():
    shares = find_shares([("ana", "Ana said: +15558675310, ok"), ("kim", "Thanks")])

    assert mask_text("Ana said: +15558675310, ok", shares=shares[0]) == (
        "A••• said: +1 ••• 10, ok"
    )
