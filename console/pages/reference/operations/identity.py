from console.pages.reference.operation import (
    ACCEPTED,
    PERSON,
    STARTED,
    STORE,
    Operation,
    Section,
)

_SETTINGS = f"{STORE}/IdentityResolutionSettings"
_IDENTIFIERS = f"{PERSON}/Identifiers"
_IDENTIFIER = f"{_IDENTIFIERS}/{{id_type}}"
_CONFIG = {
    "idType": "email",
    "matchingAlgo": "exact",
    "matchingThreshold": 75,
    "limit": 100,
    "limitPolicy": "fifo",
    "enforceUnique": True,
    "normalization": "email",
}
_PHONES = {"idType": "phone", "values": ["+14155550100"]}

IDENTITY = Section(
    "identity",
    "Identity settings",
    "Which identifiers a store knows, how their values are normalised, and which of "
    "them say that two profiles are one person.",
    (
        Operation(
            name="fetch-identity-settings",
            method="GET",
            path=_SETTINGS,
            says="The identifier types and the order in which they are matched.",
            call="identityResolutionSettings.fetch",
            shows="matchingRules",
            answer={
                "identifierConfigs": [_CONFIG],
                "matchingRules": ["email"],
                "version": 1,
            },
        ),
        Operation(
            name="update-identity-settings",
            method="PUT",
            path=_SETTINGS,
            says="Replaces all of them: what is left out is gone.",
            call="identityResolutionSettings.update",
            request="identity_resolution_setting.IdentityResolutionSettingList"
            ".IdentityResolutionSettingsCore",
            shows="statusUrl",
            body={
                "identifierConfigs": [
                    {"idType": "email", "normalization": "email"},
                    {"idType": "phone", "normalization": "phone", "limit": 10},
                ],
                "matchingRules": ["email", "phone"],
            },
            status=202,
            answer=STARTED,
        ),
    ),
)

IDENTIFIERS = Section(
    "identifiers",
    "Identifiers",
    "The phone numbers, addresses and other names by which a profile is found.",
    (
        Operation(
            name="create-identifier",
            method="POST",
            path=_IDENTIFIERS,
            says="Adds a value. One that another profile holds makes the two profiles "
            "one, where the store's settings say so.",
            call="identifiers.create",
            request="identifier.IdentifierList.Identifier",
            body={"idType": "phone", "value": "(415) 555-0100"},
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="list-identifiers",
            method="GET",
            path=_IDENTIFIERS,
            says="All of a profile's identifiers by type, oldest value first.",
            call="identifiers.list",
            shows="values",
            answer={"identifiers": [_PHONES]},
        ),
        Operation(
            name="fetch-identifier",
            method="GET",
            path=_IDENTIFIER,
            says="The values of one type.",
            call="identifiers.fetch",
            shows="values",
            answer=_PHONES,
        ),
        Operation(
            name="patch-identifier",
            method="PATCH",
            path=_IDENTIFIER,
            says="Puts a new value in the place of an old one.",
            call="identifiers.patch",
            request="identifier.IdentifierList.IdentifierUpdate",
            body={
                "idType": "phone",
                "oldValue": "+14155550100",
                "newValue": "+14155550101",
            },
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="delete-identifier",
            method="DELETE",
            path=_IDENTIFIER,
            says="Removes one value, chosen by the type's limitPolicy.",
            call="identifiers.delete",
            options={"removeAll": "true removes all values of the type"},
            status=202,
            answer=ACCEPTED,
        ),
    ),
)
