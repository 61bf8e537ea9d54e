"""Correcting a trait in its row: audited, never over somebody else's change."""

import re

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry, AuditReason
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    NewTraitDefinition,
    NumberRule,
)
from console.pages.traits.services import get_awaited_digest, get_digest
from console.profiles.traits import TraitRow
from console.tenants.vault import open_store
from tests.factories import HTMX, make_profile, move_tenant
from tests.pages.odd_memory import PROFILE, OddMemory, serving

GROUP = {
    "tier": NewTraitDefinition(data_type="STRING"),
    "points": NewTraitDefinition(
        data_type="NUMBER", validation_rule=NumberRule(max=100)
    ),
    "vip": NewTraitDefinition(data_type="BOOLEAN"),
    "sports": NewTraitDefinition(data_type="ARRAY"),
    "sizes": NewTraitDefinition(data_type="ARRAY"),
    "joined": NewTraitDefinition(data_type="STRING", description="YYYY-MM-DD"),
    "seenAt": NewTraitDefinition(data_type="STRING", description="ISO 8601"),
    "note": NewTraitDefinition(data_type="STRING"),
    "poem": NewTraitDefinition(data_type="STRING"),
}
VALUES = {
    "tier": "gold",
    "points": 7,
    "vip": False,
    "sports": ["ski", 3, True],
    "sizes": [1, 2.5],
    "seenAt": "2026-01-05T09:00:00Z",
    "note": "2026-01-05",
    "poem": "one\ntwo",
}
WHY = {"reason_code": "customer", "ticket": "T-88121"}


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Account", traits=GROUP)
    )
    profile = make_profile(
        tenant, email="ada@example.com", phone="+15558675310", firstName="Ada"
    )
    open_store(tenant).patch_profile(profile, {"Account": VALUES})
    return profile


@pytest.fixture
def odd(settings, tenant):
    settings.MEMORY_ALLOW_PRIVATE = True
    shop = {"size": {"dataType": "NUMBER"}, "mail": {"dataType": "STRING"}}
    shop["mail"]["idTypePromotion"] = "email"
    memory = OddMemory(schema={"Shop": shop}, values={"Shop": {"size": 40}})
    with serving(memory):
        move_tenant(tenant, memory.address)
        yield memory


def address(profile: str, trait: str, group: str = "Account") -> str:
    return reverse("traits:correct", args=["acme", profile, group, trait])


def hidden(text: str) -> dict[str, str]:
    """What the form carries along."""
    fields = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', text)
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def fill(client, profile: str, trait: str, group: str = "Account", **typed):
    """Opens the form and sends it as htmx does."""
    form = client.get(address(profile, trait, group), headers=HTMX)
    sent = hidden(form.text) | WHY | typed
    return client.post(address(profile, trait, group), sent, headers=HTMX)


def stored(tenant, profile: str, trait: str, group: str = "Account"):
    return open_store(tenant).fetch_profile(profile).traits[group].get(trait)


@pytest.mark.parametrize(
    ("trait", "typed", "value"),
    [
        ("tier", "silver", "silver"),
        ("tier", "  silver ", "silver"),
        ("points", "8", 8),
        ("points", "-8.5", -8.5),
        ("points", ".5", 0.5),
        ("vip", "yes", True),
        ("vip", "unset", None),
        ("sports", "true\n3\nhike\n", [True, 3, "hike"]),
        ("sizes", "2.5\n 4", [2.5, 4]),
        ("joined", "2026-01-31", "2026-01-31"),
        ("seenAt", "2026-02-01T10:00:00Z", "2026-02-01T10:00:00Z"),
        ("poem", "one\r\nthree", "one\nthree"),
    ],
)
def test_correct_writes_each_type(client, tenant, profile, trait, typed, value):
    response = fill(client, profile, trait, value=typed)

    assert response.status_code == 200
    assert "corrected" in response.text
    after = stored(tenant, profile, trait)
    assert (after, type(after)) == (value, type(value))


@pytest.mark.parametrize(
    ("trait", "typed", "words"),
    [
        ("tier", "", "Enter the new value"),
        ("tier", "gold", "the current value already"),
        ("tier", "go\x00ld", "Remove the null character"),
        ("tier", "go\u202eld", "cannot be seen"),
        ("points", "8,5", "with a point"),
        ("points", "1e999", "with a point"),
        ("points", "101", "at most 100"),
        ("vip", "perhaps", "Choose yes, no or unset"),
        ("sports", " \n ", "at least one item"),
        ("sports", "sk\u200bi", "cannot be seen"),
        ("sizes", "1\nbig", "with a point"),
        ("joined", "2026-02-31", "a date that exists"),
    ],
)
def test_correct_says_what_is_not_valid_and_keeps_it(
    client, tenant, profile, trait, typed, words
):
    before = stored(tenant, profile, trait)

    response = fill(client, profile, trait, value=typed)

    assert response.status_code == 422
    assert words in response.text
    assert stored(tenant, profile, trait) == before
    assert "T-88121" in response.text


def test_correct_is_logged_with_its_reason_and_no_value(client, tenant, profile):
    fill(client, profile, "tier", value="silver")

    entries = AuditEntry.objects.filter(action="trait.corrected").order_by("seq")
    assert [entry.outcome for entry in entries] == ["allowed", "done"]
    assert entries[0].object_id == "Account.tier"
    assert entries[0].profile_id == profile
    assert "T-88121" in AuditReason.objects.get(entry=entries[0]).text
    assert "silver" not in str(list(AuditEntry.objects.values()))


def test_correct_shows_the_old_and_the_new_value(client, profile):
    response = fill(client, profile, "tier", value="silver")

    assert "silver" in response.text
    assert re.search(r"was\s*<span[^>]*>gold", response.text)


def test_correct_clears_a_trait(client, tenant, profile):
    response = fill(client, profile, "tier", value="gold", clear="on")

    assert "unset" in response.text
    assert stored(tenant, profile, "tier") is None
    assert AuditEntry.objects.latest("seq").details["cleared"] == 1


def test_correct_does_not_fill_in_a_masked_value(client, profile):
    text = client.get(address(profile, "firstName", "Contact"), headers=HTMX).text

    assert not re.search(r"\bAda\b", text)
    assert "Starts empty" in text
    assert "A•••" in text


@pytest.mark.parametrize(
    ("trait", "start"),
    [
        ("tier", 'value="gold"'),
        ("vip", 'value="no"'),
        ("note", 'placeholder="e.g. 31 Jan 2026"'),
    ],
)
def test_correct_fills_in_the_current_value(client, profile, trait, start):
    text = client.get(address(profile, trait), headers=HTMX).text

    assert start in text
    assert "Starts empty" not in text


def test_correct_does_not_split_an_item_of_several_lines(client, tenant, profile):
    open_store(tenant).patch_profile(profile, {"Account": {"sports": ["a\nb"]}})

    text = client.get(address(profile, "sports"), headers=HTMX).text

    assert re.search(r"<textarea[^>]*>\s*</textarea>", text)


def test_correct_shows_a_change_by_somebody_else_first(client, tenant, profile):
    form = client.get(address(profile, "tier"), headers=HTMX).text
    open_store(tenant).patch_profile(profile, {"Account": {"tier": "bronze"}})
    mine = hidden(form) | WHY | {"value": "silver"}

    conflict = client.post(address(profile, "tier"), mine, headers=HTMX)

    assert conflict.status_code == 409
    assert "changed this trait after you opened it" in conflict.text
    for text in ("gold", "bronze", 'value="silver"'):
        assert text in conflict.text
    assert stored(tenant, profile, "tier") == "bronze"
    again = hidden(conflict.text) | WHY | {"value": "silver"}
    client.post(address(profile, "tier"), again, headers=HTMX)
    assert stored(tenant, profile, "tier") == "silver"


def test_get_digest_tells_equal_values_of_other_types_apart(profile):
    assert get_digest(1) != get_digest(1.0)
    assert get_digest(1) != get_digest(True)
    assert get_digest("1") != get_digest(1)
    assert get_digest(None) != get_digest("")


def test_correct_of_an_identifier_needs_a_confirmation(client, tenant, profile):
    refused = fill(client, profile, "email", "Contact", value="li@example.com")
    done = fill(client, profile, "email", "Contact", value="li@example.com", knows="on")

    assert refused.status_code == 422
    assert "Read what this means" in refused.text
    assert "corrected" in done.text
    assert open_store(tenant).lookup("email", "li@example.com").profiles == (profile,)


@pytest.mark.parametrize("typed", ["777", "unknown"])
def test_correct_says_that_nobody_is_found_by_a_value(client, tenant, profile, typed):
    done = fill(client, profile, "phone", "Contact", value=typed, knows="on")

    assert stored(tenant, profile, "phone", "Contact") == typed
    assert "corrected" in done.text
    assert "kept as a trait, not as an identifier" in done.text
    later = client.get(reverse("traits:profile", args=["acme", profile])).text
    assert '<span class="quiet">no phone</span>' in later
    assert '<span class="quiet">no email</span>' not in later


def test_correct_names_other_holders_before_a_merge(client, tenant, profile):
    other = make_profile(tenant, email="eve@example.com")
    typed = {"value": "eve@example.com", "knows": "on"}

    warned = fill(client, profile, "email", "Contact", **typed)

    assert warned.status_code == 422
    assert other in warned.text
    assert "for 30 days an officer can take that back" in warned.text
    assert stored(tenant, profile, "email", "Contact") == "ada@example.com"
    again = hidden(warned.text) | WHY | typed
    merged = client.post(address(profile, "email", "Contact"), again, headers=HTMX)
    # The older of the two goes on, and that is this one.
    assert "corrected" in merged.text


def test_correct_looks_up_a_number_that_is_an_identifier(client, tenant, profile):
    member = {
        "number": NewTraitDefinition(data_type="NUMBER", id_type_promotion="chat")
    }
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Member", traits=member)
    )
    other = make_profile(tenant)
    open_store(tenant).patch_profile(other, {"Member": {"number": 4711}})

    response = fill(client, profile, "number", "Member", value="4711", knows="on")

    assert response.status_code == 422
    assert other in response.text


def test_correct_shows_the_other_profile_after_a_merge(client, tenant, settings):
    settings.MEMORY_FOLLOW_MERGED = True
    older = make_profile(tenant, email="ada@example.com")
    newer = make_profile(tenant, email="eve@example.com")
    typed = {"value": "ada@example.com", "knows": "on"}
    warned = fill(client, newer, "email", "Contact", **typed)

    again = hidden(warned.text) | WHY | typed
    response = client.post(address(newer, "email", "Contact"), again, headers=HTMX)

    page = reverse("traits:profile", args=["acme", older])
    assert response["HX-Redirect"] == page
    assert "merged into an older one" in client.get(page).text


def test_correct_that_clears_an_identifier_looks_up_nothing(client, tenant, profile):
    response = fill(client, profile, "phone", "Contact", clear="on", knows="on")

    assert response.status_code == 200
    assert stored(tenant, profile, "phone", "Contact") is None


def test_correct_leaves_it_to_the_memory_to_refuse_an_identifier(
    client, tenant, profile
):
    typed = "x" * 2000

    response = fill(client, profile, "phone", "Contact", value=typed, knows="on")

    assert response.status_code == 422
    assert "at most 1024 characters" in response.text
    assert typed in response.text


def test_correct_waits_until_a_value_is_visible(
    client, profile, settings, time_machine_travels
):
    settings.MEMORY_VISIBILITY_LAG_S = 2.0

    waiting = fill(client, profile, "tier", value="silver")

    assert "written, not yet visible" in waiting.text
    assert "gold" in waiting.text
    again = re.search(r'hx-get="([^"]*waits=[^"]*)"', waiting.text)[1]
    again = again.replace("&amp;", "&")
    still = client.get(again, headers=HTMX)
    assert "written, not yet visible" in still.text
    late = client.get(again.replace("looks=1", "looks=9"), headers=HTMX)
    assert "Check again" in late.text
    time_machine_travels(3)
    seen = client.get(again, headers=HTMX)
    assert "corrected" in seen.text
    assert "silver" in seen.text


@pytest.fixture
def time_machine_travels():
    import time_machine
    from django.utils import timezone

    with time_machine.travel(timezone.now(), tick=True) as traveller:
        yield traveller.shift


def test_correct_works_without_javascript(client, tenant, profile):
    page = client.get(address(profile, "tier"))
    sent = hidden(page.text) | WHY | {"value": "silver"}

    response = client.post(address(profile, "tier"), sent)

    assert "<html" in page.text
    assert "Correct Tier" in page.text
    assert response["Location"].endswith("/traits/#Account.tier")
    assert "Account.tier was corrected." in client.get(response["Location"]).text
    assert stored(tenant, profile, "tier") == "silver"


def test_correct_without_javascript_says_what_is_not_visible_yet(
    client, profile, settings
):
    settings.MEMORY_VISIBILITY_LAG_S = 30.0
    sent = hidden(client.get(address(profile, "tier")).text) | WHY

    response = client.post(address(profile, "tier"), sent | {"value": "silver"})

    assert (
        "was saved; the memory does not show it yet"
        in client.get(response["Location"]).text
    )


def test_correct_of_an_undeclared_trait_is_not_found(client, odd):
    odd.values = {"Shop": {"colour": "red"}}

    response = client.get(address(PROFILE, "colour", "Shop"))

    assert response.status_code == 404


def test_correct_keeps_what_was_typed_when_the_memory_fails(client, odd):
    odd.failing = {"PATCH": 500}

    response = fill(client, PROFILE, "size", "Shop", value="41")

    assert response.status_code == 502
    assert 'value="41"' in response.text
    assert "not known whether it was done" in response.text
    tried = AuditEntry.objects.filter(action="trait.corrected").latest("seq")
    assert tried.outcome == "unknown"


def test_correct_shows_other_refusals_above_the_form(client, odd):
    odd.failing = {"PATCH": 404}

    response = fill(client, PROFILE, "size", "Shop", value="41")

    assert response.status_code == 404
    assert "nonfield" in response.text
    assert 'value="41"' in response.text


def test_correct_writes_nothing_when_the_lookup_fails(client, odd):
    odd.failing = {"/Lookup": 401}

    response = fill(client, PROFILE, "mail", "Shop", value="a@b.com", knows="on")

    assert response.status_code == 502
    assert 'value="a@b.com"' in response.text
    assert odd.written == []


def test_correct_writes_an_identifier_that_cannot_be_looked_up(client, odd):
    odd.failing = {"/Lookup": 404}

    response = fill(client, PROFILE, "mail", "Shop", value="a@b.com", knows="on")

    assert "written, not yet visible" in response.text
    assert odd.written == [{"traits": {"Shop": {"mail": "a@b.com"}}}]


def test_correct_waits_when_reading_back_fails(client, odd):
    form = client.get(address(PROFILE, "size", "Shop"), headers=HTMX).text
    odd.reads_left = 4

    response = client.post(
        address(PROFILE, "size", "Shop"),
        hidden(form) | WHY | {"value": "41"},
        headers=HTMX,
    )

    assert "written, not yet visible" in response.text


def test_correct_does_not_tell_what_is_masked(client, profile):
    path = address(profile, "firstName", "Contact")
    seen = re.search(r'name="seen" value="(\w+)"', client.get(path).text)[1]

    right = client.post(path, {"value": "Ada", "seen": seen} | WHY)

    assert right.status_code == 302
    assert AuditEntry.objects.filter(action="trait.corrected").count() == 2


def test_awaited_digest_tells_nothing_of_another_profile(client, tenant, profile):
    other = make_profile(tenant, email="eve@example.com", firstName="Eve")
    path = address(other, "firstName", "Contact")
    seen = re.search(r'name="seen" value="(\w+)"', client.get(path).text)[1]
    client.post(path, {"value": "Ada", "seen": seen} | WHY)
    stored = open_store(tenant).fetch_profile(other).traits["Contact"]["firstName"]
    row = TraitRow("Contact", "firstName", "STRING", "", "", stored)
    waits = get_awaited_digest(other, row, "Ada")

    states = [
        client.get(
            reverse("traits:trait", args=["acme", id_, "Contact", "firstName"]),
            {"waits": waits},
            headers=HTMX,
        ).context["state"]
        for id_ in (other, profile)
    ]

    assert states == ["done", "waiting"]
