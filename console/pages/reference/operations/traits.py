from console.pages.reference.operation import (
    STARTED,
    STORE,
    Operation,
    Section,
    page_of,
)

_GROUPS = f"{STORE}/TraitGroups"
_GROUP = f"{_GROUPS}/{{name}}"
_TIER = {"dataType": "STRING", "description": "Of the loyalty card"}
_META = {"key": "traits", "pageSize": 2}

TRAIT_GROUPS = Section(
    "trait-groups",
    "Trait groups",
    "What a profile can say of a customer: each trait is declared with its type "
    "before a profile can have it. Contact is there from the start.",
    (
        Operation(
            name="create-trait-group",
            method="POST",
            path=_GROUPS,
            says="Declares a group and its traits. With idTypePromotion the value of "
            "a trait becomes an identifier.",
            call="traitGroups.create",
            request="trait_group.TraitGroupList.TraitGroupRequest",
            shows="statusUrl",
            body={
                "displayName": "Loyalty",
                "traits": {"tier": _TIER, "points": {"dataType": "NUMBER"}},
            },
            status=202,
            answer=STARTED,
        ),
        Operation(
            name="list-trait-groups",
            method="GET",
            path=_GROUPS,
            says="The groups of a store.",
            call="traitGroups.list",
            shows="displayName",
            paged=True,
            options={"includeTraits": "true lists the traits of each group as well"},
            answer=page_of("traitGroups", {"displayName": "Loyalty", "version": 1}),
        ),
        Operation(
            name="fetch-trait-group",
            method="GET",
            path=_GROUP,
            says="One group and its traits, a page of them at a time.",
            call="traitGroups.fetch",
            shows="traitGroup",
            options={"includeTraits": "false leaves the traits out"},
            answer={
                "traitGroup": {
                    "displayName": "Loyalty",
                    "traits": {"tier": _TIER, "points": {"dataType": "NUMBER"}},
                    "version": 1,
                },
                "meta": _META,
            },
        ),
        Operation(
            name="patch-trait-group",
            method="PATCH",
            path=_GROUP,
            says="Adds and changes the traits that are named; an empty dataType "
            "removes one.",
            call="traitGroups.patch",
            request="trait_group.TraitGroupList.PatchTraitGroupRequest",
            shows="statusUrl",
            body={"traits": {"since": {"dataType": "STRING"}}},
            status=202,
            answer=STARTED,
        ),
        Operation(
            name="delete-trait-group",
            method="DELETE",
            path=_GROUP,
            says="Removes the group and its values from every profile.",
            call="traitGroups.delete",
            shows="statusUrl",
            status=202,
            answer=STARTED,
        ),
    ),
)
