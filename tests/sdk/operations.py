"""The contracts' operations by name, which of them a request is, and who plays them.

46 operations on 23 paths of memory, 22 on 11 of conversations. A word stands before a parameter: it wins.
"""

import re

_STORES = "/v1/ControlPlane/Stores"
_STORE = f"{_STORES}/*"
_PEOPLE = "/v1/Stores/*/Profiles"
_PERSON = f"{_PEOPLE}/*"
_SEEN = f"{_PERSON}/Observations"
_SUMMED = f"{_PERSON}/ConversationSummaries"
_CONFIGURATIONS = "/v2/ControlPlane/Configurations"
_TALK = "/v2/Conversations/*"

OPERATIONS = {
    "ListStores": f"GET {_STORES}",
    "CreateStore": f"POST {_STORES}",
    "FetchStore": f"GET {_STORE}",
    "PatchStore": f"PATCH {_STORE}",
    "DeleteStore": f"DELETE {_STORE}",
    "FetchIdentityResolutionSettings": f"GET {_STORE}/IdentityResolutionSettings",
    "UpdateIdentityResolutionSettings": f"PUT {_STORE}/IdentityResolutionSettings",
    "ListTraitGroups": f"GET {_STORE}/TraitGroups",
    "CreateTraitGroup": f"POST {_STORE}/TraitGroups",
    "FetchTraitGroup": f"GET {_STORE}/TraitGroups/*",
    "PatchTraitGroup": f"PATCH {_STORE}/TraitGroups/*",
    "DeleteTraitGroup": f"DELETE {_STORE}/TraitGroups/*",
    "ListDataMappings": f"GET {_STORE}/DataMappings",
    "CreateDataMapping": f"POST {_STORE}/DataMappings",
    "FetchDataMapping": f"GET {_STORE}/DataMappings/*",
    "PatchDataMapping": f"PATCH {_STORE}/DataMappings/*",
    "DeleteDataMapping": f"DELETE {_STORE}/DataMappings/*",
    "FetchOperation": "GET /v1/ControlPlane/Operations/*",
    "ListProfiles": f"GET {_PEOPLE}",
    "CreateProfile": f"POST {_PEOPLE}",
    "CreateProfilesLookup": f"POST {_PEOPLE}/Lookup",
    "UpdateProfilesBulk": f"PUT {_PEOPLE}/Bulk",
    "ListProfileImportsV2": f"GET {_PEOPLE}/Imports",
    "CreateProfilesImportV2": f"POST {_PEOPLE}/Imports",
    "FetchProfileImportV2": f"GET {_PEOPLE}/Imports/*",
    "FetchProfile": f"GET {_PERSON}",
    "PatchProfileTraits": f"PATCH {_PERSON}",
    "DeleteProfile": f"DELETE {_PERSON}",
    "ListProfileTraits": f"GET {_PERSON}/Traits",
    "ListProfileIdentifiers": f"GET {_PERSON}/Identifiers",
    "CreateProfileIdentifier": f"POST {_PERSON}/Identifiers",
    "FetchProfileIdentifier": f"GET {_PERSON}/Identifiers/*",
    "PatchProfileIdentifier": f"PATCH {_PERSON}/Identifiers/*",
    "DeleteProfileIdentifier": f"DELETE {_PERSON}/Identifiers/*",
    "ListProfileObservations": f"GET {_SEEN}",
    "CreateProfileObservation": f"POST {_SEEN}",
    "FetchProfileObservation": f"GET {_SEEN}/*",
    "PatchProfileObservation": f"PATCH {_SEEN}/*",
    "DeleteProfileObservation": f"DELETE {_SEEN}/*",
    "ListObservationRevisions": f"GET {_SEEN}/*/Revisions",
    "ListProfileConversationSummaries": f"GET {_SUMMED}",
    "CreateProfileConversationSummary": f"POST {_SUMMED}",
    "FetchProfileConversationSummary": f"GET {_SUMMED}/*",
    "PatchProfileConversationSummary": f"PATCH {_SUMMED}/*",
    "DeleteProfileConversationSummary": f"DELETE {_SUMMED}/*",
    "CreateFetchProfileMemory": f"POST {_PERSON}/Recall",
    "ListConfiguration": f"GET {_CONFIGURATIONS}",
    "CreateConfiguration": f"POST {_CONFIGURATIONS}",
    "FetchConfiguration": f"GET {_CONFIGURATIONS}/*",
    "UpdateConfiguration": f"PUT {_CONFIGURATIONS}/*",
    "PatchConfiguration": f"PATCH {_CONFIGURATIONS}/*",
    "DeleteConfiguration": f"DELETE {_CONFIGURATIONS}/*",
    "FetchOperationStatus": "GET /v2/ControlPlane/Operations/*",
    "ListConversationByAccount": "GET /v2/Conversations",
    "CreateConversationWithConfig": "POST /v2/Conversations",
    "FetchConversation": f"GET {_TALK}",
    "UpdateConversationById": f"PUT {_TALK}",
    "PatchConversationById": f"PATCH {_TALK}",
    "DeleteConversationAsync": f"DELETE {_TALK}",
    "CreateConversationAction": f"POST {_TALK}/Actions",
    "FetchConversationAction": f"GET {_TALK}/Actions/*",
    "ListParticipantByConversation": f"GET {_TALK}/Participants",
    "CreateParticipantInConversation": f"POST {_TALK}/Participants",
    "FetchParticipant": f"GET {_TALK}/Participants/*",
    "UpdateParticipantInConversation": f"PUT {_TALK}/Participants/*",
    "ListCommunicationByConversation": f"GET {_TALK}/Communications",
    "CreateCommunicationInConversation": f"POST {_TALK}/Communications",
    "FetchCommunication": f"GET {_TALK}/Communications/*",
}


def operation_of(method: str, path: str) -> str:
    """The operation's name; of a request outside the contract the request itself."""
    request = f"{method} {path}"
    for name, pattern in OPERATIONS.items():
        if re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]+"), request):
            return name
    return request


# What each walk (tests/sdk/python, tests/sdk/node) brings to a success.
WALKS = {
    "stores": "ListStores CreateStore FetchStore PatchStore DeleteStore FetchOperation",
    "groups": "ListTraitGroups CreateTraitGroup FetchTraitGroup PatchTraitGroup"
    " DeleteTraitGroup",
    "settings": "FetchIdentityResolutionSettings UpdateIdentityResolutionSettings",
    "mappings": "ListDataMappings CreateDataMapping FetchDataMapping PatchDataMapping"
    " DeleteDataMapping",
    "profiles": "ListProfiles CreateProfile FetchProfile PatchProfileTraits"
    " DeleteProfile ListProfileTraits CreateProfilesLookup",
    "bulk": "UpdateProfilesBulk",
    "imports": "ListProfileImportsV2 CreateProfilesImportV2 FetchProfileImportV2",
    "identifiers": "ListProfileIdentifiers CreateProfileIdentifier"
    " FetchProfileIdentifier PatchProfileIdentifier DeleteProfileIdentifier",
    "observations": "ListProfileObservations CreateProfileObservation"
    " FetchProfileObservation PatchProfileObservation DeleteProfileObservation"
    " ListObservationRevisions",
    "summaries": "ListProfileConversationSummaries CreateProfileConversationSummary"
    " FetchProfileConversationSummary PatchProfileConversationSummary"
    " DeleteProfileConversationSummary",
    "recall": "CreateFetchProfileMemory",
    "configurations": "ListConfiguration CreateConfiguration FetchConfiguration"
    " UpdateConfiguration PatchConfiguration DeleteConfiguration FetchOperationStatus",
    "conversations": "ListConversationByAccount CreateConversationWithConfig"
    " FetchConversation UpdateConversationById PatchConversationById"
    " DeleteConversationAsync",
    "participants": "ListParticipantByConversation CreateParticipantInConversation"
    " FetchParticipant UpdateParticipantInConversation",
    "communications": "ListCommunicationByConversation"
    " CreateCommunicationInConversation FetchCommunication",
    "actions": "CreateConversationAction FetchConversationAction",
}
