"""A customer's own names and numbers in what is remembered of them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from console.contract.conversations.conversation import Participant
from console.masking.masker import Masker, build_own, build_text_mask, mask_text
from console.tenants.vault import open_store
from tests.factories import HTMX, make_observation, make_profile

WHY = {"reason_code": "verify", "ticket": "CASE-4521"}


def mask(text, *names, phone=""):
    own = [("name", name) for name in names] + [("phone", phone)] * bool(phone)
    return mask_text(text, own=build_own(own))


@pytest.mark.parametrize(
    ("names", "text", "masked"),
    [
        (["Mara", "Lind"], "Mara Lind's parcel", "M••• L••• parcel"),
        (["Mara"], "MARA asked, mara waits", "M••• asked, m••• waits"),
        (["Mara"], "Tamara and marathon", "Tamara and marathon"),
        (["José"], "Jose or JOSÉ", "J••• or J•••"),
        (
            ["Jan", "van der Berg"],
            "Van der Berg, of Bergen",
            "V••• d••• B•••, of Bergen",
        ),
        (["Jan", "van der Berg"], "the van for Berg", "the van for B•••"),
        (["Bill"], "Bill paid the bill", "B••• paid the bill"),
        (["Bo"], "Bo bought a boat", "B••• bought a boat"),
        (["Иван"], "Позвонить Ивану", "Позвонить И•••"),
        (["太郎", "田中"], "田中太郎さん", "田•••さん"),
        (["Mara"], "&#77;ara called", "M••• called"),
        (["Mara"], "mara@acme.com", "m•••@•••.com"),
    ],
)
def test_mask_text_masks_a_customers_own_names(names, text, masked):
    assert mask(text, *names) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("order 010 4477", "order ••• 77"),
        ("ref 5550104477.", "ref ••• 77."),
        ("order 0104478", "order 0104478"),
    ],
)
def test_mask_text_masks_a_customers_own_phone(text, masked):
    assert mask(text, phone="+15550104477") == masked


def test_build_text_mask_tells_masks_apart():
    one, key = build_text_mask({"Contact": {"firstName": "Mara"}}, {})
    other, other_key = build_text_mask({"Contact": {"tier": "gold"}}, {"email": ["x"]})

    assert one("Mara called.") == "M••• called."
    assert other("Mara called.") == "Mara called."
    assert key != other_key == ""


@pytest.fixture
def customer(tenant) -> str:
    profile = make_profile(tenant, firstName="Quillon", email="q@example.com")
    make_observation(tenant, profile, "Quillon prefers oat milk.")
    make_observation(tenant, profile, "Quillon said: Call Mia.")
    return profile


def card(client, customer) -> str:
    return client.get(reverse("customers:profile", args=["acme", customer])).text


def test_tabs_show_a_revealed_name_in_their_texts(client, agent, customer):
    client.force_login(agent)
    timeline = reverse("timeline:timeline", args=["acme", customer])
    url = reverse("reveals:reveal", args=["acme", customer, "name", "Contact"])
    before = card(client, customer)

    revealed = client.post(url, WHY, headers=HTMX)

    assert "Q••• prefers" in before
    after = card(client, customer)
    assert "Q••• said: Call" in before
    assert "Quillon prefers" in after
    assert "Quillon said: Call" in after
    # The part of a tab that follows the heading.
    assert revealed["HX-Trigger"] in before
    text = client.get(timeline).text
    assert "Quillon prefers" in text
    assert f'hx-trigger="{revealed["HX-Trigger"]} from:body"' in text
    again = client.get(timeline, headers=HTMX | {"HX-Trigger": "timeline-again"})
    assert "Quillon prefers" in again.text
    assert "HX-Push-Url" not in again


def test_masker_reveals_nobody_elses_name_in_a_shared_conversation(tenant):
    here = make_profile(tenant, firstName="Quillon", email="q@example.com")
    there = make_profile(tenant, firstName="Maribel", email="m@example.com")
    at = timezone.now()
    masker = Masker(tenant, {"name/Contact": at}, profile_id=here)
    ids = {"id": "x", "conversation_id": "x", "created_at": at, "updated_at": at}
    masker.know_customers(
        [
            Participant(type="CUSTOMER", name=name, profile_id=profile_id, **ids)
            for name, profile_id in (("Quill", here), ("Mia", there), ("Ove", ""))
        ]
    )

    shown = masker.with_names.mask_text("", "x", "Quillon, Quill, Maribel, Mia, Ove")

    assert shown.text == "Quillon, Quill, M•••, M•••, O•••"


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ({"own": "clear"}, "Quillon prefers"),
        ({"own": "hide"}, "••• prefers"),
        ({"group/Contact": "clear"}, "Quillon prefers"),
        ({"group/Contact": "hide"}, "••• prefers"),
    ],
)
def test_card_shows_a_name_in_texts_by_the_tenants_rules(
    client, agent, tenant, customer, rules, shown
):
    tenant.masking = rules
    tenant.save()
    client.force_login(agent)

    page = card(client, customer)

    assert f'dir="auto">{shown}' in page


def test_recall_by_masked_texts_follows_a_new_name(tenant, customer):
    store = open_store(tenant)

    def ask():
        found = store.recall(customer, query="Quillon", masked=True, trace=True)
        return found.trace.queries[0].unknown_stems

    before = ask()
    store.patch_profile(customer, {"Contact": {"firstName": "Theo"}})

    assert before == ("quillon",)
    assert ask() == ()
