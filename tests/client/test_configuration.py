import pytest

from console.client.errors import MemoryUnexpected
from console.contract.memory.identity_settings import IdentifierConfig
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    NewTraitDefinition,
    PatchTraitGroup,
    StringRule,
    TraitDefinition,
)
from tests.client.conftest import (
    CONTROL_PATH,
    OPERATION,
    Memory,
    accepted,
    paged,
)

STARTED = {"Operation-Id": OPERATION}
GROUP_BODY = {
    "displayName": "Contact",
    "version": 3,
    "traits": {
        "email": {
            "dataType": "STRING",
            "idTypePromotion": "email",
            "validationRule": None,
        },
        "tier": {
            "dataType": "STRING",
            "validationRule": {"ruleType": "STRING", "maxLength": 9},
        },
    },
}


def test_identity_settings_name_the_types_and_their_order():
    configs = [{"idType": "email", "normalization": "email", "limit": 5}]
    memory = Memory(
        {
            "identifierConfigs": [*configs, {"idType": "chat", "enforceUnique": False}],
            "matchingRules": ["email", "chat"],
            "version": 2,
        }
    )

    settings = memory.store.identity_settings()

    assert settings.matching_rules == ("email", "chat")
    assert settings.identifier_configs == (
        IdentifierConfig(id_type="email", normalization="email", limit=5),
        IdentifierConfig(id_type="chat", enforce_unique=False),
    )
    assert memory.sent == [f"GET {CONTROL_PATH}/IdentityResolutionSettings"]


def test_trait_groups_are_listed_with_their_traits():
    memory = Memory(paged("traitGroups", GROUP_BODY))

    page = memory.store.list_trait_groups()

    (group,) = page.items
    assert group.traits["email"] == TraitDefinition(
        data_type="STRING", id_type_promotion="email"
    )
    assert group.traits["tier"].validation_rule == {
        "ruleType": "STRING",
        "maxLength": 9,
    }
    assert memory.sent == [
        f"GET {CONTROL_PATH}/TraitGroups?pageSize=50&includeTraits=true"
    ]


def test_a_trait_group_comes_out_of_its_wrapper():
    memory = Memory({"traitGroup": GROUP_BODY, "meta": {"key": "traits"}})

    group = memory.store.fetch_trait_group("Contact")

    assert (group.display_name, group.version) == ("Contact", 3)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"traitGroup": {"version": 1}}, ".traitGroup.displayName"),
        (
            {"traitGroup": GROUP_BODY | {"traits": {"jane@example.com": 5}}},
            ".traitGroup.traits[...]",
        ),
        (
            {"traitGroup": GROUP_BODY | {"traits": {"tier": {}}}},
            ".traitGroup.traits[...].dataType",
        ),
    ],
)
def test_a_misshapen_trait_group_is_refused_by_its_field(body, place):
    with pytest.raises(MemoryUnexpected) as caught:
        Memory(body).store.fetch_trait_group("Contact")

    assert f"at “${place}”" in caught.value.message


def test_a_trait_group_is_created_with_its_definitions():
    memory = Memory(accepted(**STARTED))
    tier = NewTraitDefinition(
        data_type="STRING",
        description="How loyal",
        id_type_promotion="",
        validation_rule=StringRule(),
    )

    memory.store.create_trait_group(
        CreateTraitGroup(
            display_name="Loyalty",
            traits={"tier": tier},
            description="Points and tiers",
        )
    )

    assert memory.body() == {
        "displayName": "Loyalty",
        "description": "Points and tiers",
        "traits": {
            "tier": {
                "dataType": "STRING",
                "description": "How loyal",
                "validationRule": {"ruleType": "STRING"},
            }
        },
    }


def test_a_trait_group_is_patched_by_what_is_given():
    memory = Memory(accepted(**STARTED))
    store = memory.store

    store.patch_trait_group(
        "Loyalty", PatchTraitGroup(traits={"tier": NewTraitDefinition(data_type="")})
    )
    store.patch_trait_group("Loyalty", PatchTraitGroup(description=""))

    assert memory.sent[0] == f"PATCH {CONTROL_PATH}/TraitGroups/Loyalty"
    assert memory.body(0) == {"traits": {"tier": {"dataType": ""}}}
    assert memory.body(1) == {"description": ""}


def test_a_trait_group_is_deleted():
    memory = Memory(accepted(**STARTED))

    operation = memory.store.delete_trait_group("Loyalty")

    assert operation.operation_id == OPERATION
    assert memory.sent == [f"DELETE {CONTROL_PATH}/TraitGroups/Loyalty"]
