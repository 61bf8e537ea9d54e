"""How the official clients call an operation."""

import re

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_BEYOND_CONTRACT = frozenset({"Refusals"})
_PREFIXES = ("/v1/ControlPlane/", "/v1/Stores/")

# The Python client's classes of bodies are called like nothing in the description.
_REQUEST_CLASSES = {
    "create_store": "store.StoreList.ServiceRequest",
    "patch_store": "store.StoreList.PatchStoreRequest",
    "put_identity_settings": "identity_resolution_setting"
    ".IdentityResolutionSettingList.IdentityResolutionSettingsCore",
    "create_trait_group": "trait_group.TraitGroupList.TraitGroupRequest",
    "patch_trait_group": "trait_group.TraitGroupList.PatchTraitGroupRequest",
    "create_data_mapping": "data_mapping.DataMappingList.CreateDataMappingInput",
    "patch_data_mapping": "data_mapping.DataMappingList.DataMappingCore",
    "create_profile": "profile.ProfileList.ProfileData",
    "patch_profile": "profile.ProfileList.ProfilePatch",
    "lookup_profiles": "lookup.LookupList.Identifier",
    "put_profiles": "bulk.BulkList.UpdateProfilesBulkRequest",
    "create_import": "import_.ImportList.CreateProfilesImportV2Request",
    "create_identifier": "identifier.IdentifierList.Identifier",
    "patch_identifier": "identifier.IdentifierList.IdentifierUpdate",
    "create_observations": "observation.ObservationList.CreateObservationsRequest",
    "patch_observation": "observation.ObservationList.ObservationBase",
    "create_summaries": "conversation_summary.ConversationSummaryList"
    ".CreateSummariesRequest",
    "patch_summary": "conversation_summary.ConversationSummaryList.SummaryCorePatch",
    "create_recall": "recall.RecallList.MemoryRetrievalRequest",
}


def get_request_class(operation_id: str) -> str:
    """`module.List.Class`, below twilio.rest.memory.v1; "" without a body."""
    return _REQUEST_CLASSES.get(operation_id, "")


def get_call(method: str, path: str, *, lists: bool) -> str:
    """`resource.verb` in JavaScript's spelling; "" for what the clients do not know."""
    if not path.startswith(_PREFIXES):
        return ""
    resource = re.findall(r"/([A-Z]\w*)", path)[-1]
    if resource in _BEYOND_CONTRACT:
        return ""
    verb = _VERBS.get(method) or ("list" if lists else "fetch")
    return f"{resource[0].lower()}{resource[1:]}.{verb}"
