"""A profile's traits, by group and type, masked as for this person."""

import re

import pytest

from console.audit.models import AuditEntry
from console.client.http import Page
from console.contract.memory.profile import Profile
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    NewTraitDefinition,
    TraitDefinition,
    TraitGroup,
)
from console.masking.masker import Masker
from console.profiles.schema import describe_rule, get_trait_type, parse_date
from console.profiles.traits import (
    ProfileTraitGroup,
    build_trait_groups,
    select_pinned,
)
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.factories import HTMX, make_profile, move_tenant
from tests.pages.odd_memory import PROFILE, OddMemory, serving
from tests.pages.urls import page_url

SIZING = {
    "shoe": NewTraitDefinition(data_type="NUMBER", description="EU size"),
    "newsletter": NewTraitDefinition(data_type="BOOLEAN"),
    "vip": NewTraitDefinition(data_type="BOOLEAN"),
    "sports": NewTraitDefinition(data_type="ARRAY"),
    "since": NewTraitDefinition(
        data_type="STRING", description="First fitting, YYYY-MM-DD"
    ),
    "note": NewTraitDefinition(data_type="STRING"),
}


def page(name: str, *args: str) -> str:
    return page_url(name, *args)


@pytest.fixture
def client(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def profile(tenant) -> str:
    open_store(tenant).create_trait_group(
        CreateTraitGroup(
            display_name="Sizing", traits=SIZING, description="Measured in the shop"
        )
    )
    profile = make_profile(
        tenant,
        email="ada@example.com",
        firstName="Ada",
        lastName="Li",
        dob="1815-12-10",
    )
    values = {
        "shoe": 44.5,
        "newsletter": True,
        "vip": False,
        "sports": ["ski", True],
        "since": "2021-04-03",
    }
    open_store(tenant).patch_profile(profile, {"Sizing": values})
    return profile


@pytest.fixture
def odd(settings, tenant):
    """The tenant's memory is one that fails on demand."""
    settings.MEMORY_ALLOW_PRIVATE = True
    with serving(OddMemory()) as memory:
        move_tenant(tenant, memory.address)
        yield memory


def find_row(text: str, name: str) -> str:
    return text.partition(f'id="{name}"')[2].partition("</tr>")[0]


def test_traits_draws_each_type_in_its_own_way(client, profile):
    text = client.get(page("traits", profile)).text

    assert 'data-look="number"' in find_row(text, "Sizing.shoe")
    assert "44.5" in find_row(text, "Sizing.shoe")
    assert "yes</span>" in find_row(text, "Sizing.newsletter")
    assert "no</span>" in find_row(text, "Sizing.vip")
    assert find_row(text, "Sizing.sports").count("<li") == 2
    assert "true</li>" in find_row(text, "Sizing.sports")
    since = find_row(text, "Sizing.since")
    assert "2021-04-03" in since
    assert ">date" in since.replace("\n", "").replace(" ", "")
    assert " y</span>" in since
    assert "unset" in find_row(text, "Sizing.note")


def test_traits_does_not_tell_what_is_masked(client, profile):
    text = client.get(page("traits", profile)).text

    assert "ada@" not in text
    assert not re.search(r"\bAda\b", text)
    assert "A••• L•••" in text
    birth = find_row(text, "Contact.dob")
    assert "1815" not in birth
    assert " y</span>" not in birth


def test_traits_says_since_when_and_which_identifier(client, profile):
    text = client.get(page("traits", profile)).text

    assert "<time" in find_row(text, "Contact.email")
    assert "identifier" in find_row(text, "Contact.email")
    assert "<time" not in find_row(text, "Contact.street")
    assert "EU size" in find_row(text, "Sizing.shoe")


def test_traits_marks_what_the_schema_does_not_have(client, tenant, odd):
    odd.schema = {
        "Shop": {
            "size": {"dataType": "NUMBER"},
            "day": {"dataType": "STRING", "description": "An ISO date"},
            "kind": {"dataType": "MAP"},
        }
    }
    values = {"size": "44", "day": "soon", "kind": 1, "colour": "red", "a/b": "x"}
    odd.values = {"Shop": values, "Gone/by": {"relic": ["x"]}}

    text = client.get(page("traits", PROFILE)).text

    assert "a number in the schema, text here" in find_row(text, "Shop.size")
    assert "a date in the schema, other text here" in find_row(text, "Shop.day")
    assert "MAP in the schema, a number here" in find_row(text, "Shop.kind")
    colour = find_row(text, "Shop.colour")
    assert "not in the schema" in colour
    assert "pencil" not in colour
    assert "this store has no such group" in text
    assert "3 not in the schema" in text


def test_traits_folds_a_group_of_many_unset(client, tenant):
    traits = {f"field{n}": NewTraitDefinition(data_type="STRING") for n in range(21)}
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Wide", traits=traits)
    )
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Empty", traits={}, description="Nothing in it")
    )
    profile = make_profile(tenant)

    folded = client.get(page("traits", profile)).text
    unfolded = client.get(page("traits", profile), {"all": "Wide"}).text

    assert "Show 21 unset" in folded
    assert 'id="Wide.field3"' not in folded
    assert 'id="Wide.field3"' in unfolded
    assert "This group has no traits yet." in folded


def test_traits_is_one_audit_entry(client, profile):
    before = AuditEntry.objects.count()

    client.get(page("traits", profile))

    assert AuditEntry.objects.count() == before + 1
    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.object_id) == ("traits.listed", profile)


def test_traits_link_opens_the_form_of_one_trait(client, profile):
    opened = client.get(page("traits", profile), {"correct": "Sizing.shoe"})
    unknown = client.get(page("traits", profile), {"correct": "Sizing.hat"})

    assert opened["Location"] == page("correct", profile, "Sizing", "shoe")
    assert unknown.status_code == 200


def test_trait_is_a_part_and_leads_a_browser_to_its_row(client, profile):
    address = page("trait", profile, "Sizing", "shoe")

    part = client.get(address, headers=HTMX)
    whole = client.get(address)

    assert part.text.lstrip().startswith("<tr")
    assert "autofocus" in part.text
    assert whole["Location"].endswith("/traits/#Sizing.shoe")


@pytest.mark.parametrize(("group", "trait"), [("Contact", "hat"), ("Hats", "email")])
def test_trait_that_does_not_exist_is_not_found(client, profile, group, trait):
    response = client.get(page("trait", profile, group, trait), headers=HTMX)

    assert response.status_code == 404


def test_trait_of_a_merged_profile_leads_to_the_other_one(client, tenant, odd):
    odd.schema = {"Shop": {"size": {"dataType": "NUMBER"}}}
    odd.merged_to = "mem_profile_01k0000000000000000000000a"

    response = client.get(page("trait", PROFILE, "Shop", "size"), headers=HTMX)

    assert response["HX-Redirect"] == page("traits", odd.merged_to)


def test_select_pinned_has_pinned_groups_or_all_filled_ones():
    def group(name: str, value: str | None) -> ProfileTraitGroup:
        profile = Profile(
            id="mem_profile_x",
            created_at=None,
            traits={name: {"a": value}} if value else {},
        )
        schema = TraitGroup(
            display_name=name,
            version=1,
            description="",
            traits={"a": TraitDefinition(data_type="STRING")},
        )
        return build_trait_groups([schema], profile, Masker(Tenant()))[0]

    one, two, three = group("One", "x"), group("Two", None), group("Three", "y")

    assert select_pinned([one, two, three], []) == [one, three]
    assert select_pinned([one, two, three], ["Two", "Hats", "One"]) == [two, one]
    assert two.unset_names == "A"


class Groups:
    """A store that knows trait groups and nothing else."""

    def __init__(self, *groups: TraitGroup) -> None:
        self.groups = groups

    def list_trait_groups(self, *, page_token: str):
        place = int(page_token or 0)
        more = str(place + 1) if place + 1 < len(self.groups) else None
        return Page(self.groups[place : place + 1], more)


def test_traits_masks_each_value_once(client, tenant, masked_texts):
    names = [f"field{number}" for number in range(95)]
    traits = {name: NewTraitDefinition(data_type="STRING") for name in names}
    open_store(tenant).create_trait_group(
        CreateTraitGroup(display_name="Wide", traits=traits)
    )
    profile = make_profile(tenant)
    values = {name: f"Call +1555867{name[5:]:>04}." for name in names}
    open_store(tenant).patch_profile(profile, {"Wide": values})

    text = client.get(page("traits", profile)).text

    assert text.count('data-look="masked"') == 96
    # With the words of its name, which can tell what it is.
    told = [masked_texts[f"field: {value}"] for value in values.values()]
    assert told == [1] * 95


@pytest.mark.parametrize(
    ("text", "is_date"),
    [
        ("2026-01-31", True),
        ("2026-01-31T09:00:00Z", True),
        ("2026-02-31", False),
        ("20260131", False),
        ("31.1.2026", False),
        ("tomorrow", False),
        (20260131, False),
    ],
)
def test_parse_date_reads_iso_dates_that_exist(text, is_date):
    assert (parse_date(text) is not None) == is_date


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        (r"^\d{4}-\d{2}-\d{2}$", "DATE"),
        (r"\d", "STRING"),
        ("(", "STRING"),
        (7, "STRING"),
        ("", "STRING"),
    ],
)
def test_get_trait_type_is_date_for_a_pattern_of_dates(pattern, kind):
    rule = {"ruleType": "STRING", "pattern": pattern}

    assert (
        get_trait_type(TraitDefinition(data_type="STRING", validation_rule=rule))
        == kind
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"minLength": 2, "maxLength": 20}, "2 to 20 characters"),
        ({"min": 0}, "at least 0"),
        ({"maxItems": 5}, "at most 5 items"),
        ({"pattern": "x"}, ""),
    ],
)
def test_describe_rule_has_plain_words(rule, words):
    assert describe_rule(rule) == words
