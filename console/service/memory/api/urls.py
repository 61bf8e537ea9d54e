"""Every address of the Memory API. No slash at the end: the contract."""

from console.service.conversations.api import learning
from console.service.http.request import address
from console.service.memory.api import (
    bulk,
    data_mappings,
    identifiers,
    identity_settings,
    imports,
    merges,
    observations,
    operations,
    profiles,
    recall,
    stores,
    summaries,
    trait_groups,
)
from console.service.memory.api.v1_services import older_dialect

CONTROL = "v1/ControlPlane"
STORE = f"{CONTROL}/Stores/<str:store_id>"
GROUP = f"{STORE}/TraitGroups/<str:name>"
MAPPING = f"{STORE}/DataMappings/<str:mapping_id>"
MERGES = "v1/Stores/<str:store_id>/Merges"
SUGGESTIONS = "v1/Stores/<str:store_id>/MergeSuggestions"
DATA = "v1/Stores/<str:store_id>/Profiles"
PROFILE = f"{DATA}/<str:profile_id>"
OBSERVATION = f"{PROFILE}/Observations/<str:observation_id>"

urlpatterns = [
    address("v1/Uploads/<str:import_id>", PUT=imports.upload_file),
    address(f"{CONTROL}/Operations/<str:operation_id>", GET=operations.fetch_operation),
    address(f"{CONTROL}/Stores", GET=stores.list_stores, POST=stores.create_store),
    address(
        STORE,
        GET=stores.fetch_store,
        PATCH=stores.patch_store,
        DELETE=stores.delete_store,
    ),
    address(
        f"{STORE}/IdentityResolutionSettings",
        GET=identity_settings.fetch_identity_settings,
        PUT=identity_settings.update_identity_settings,
    ),
    address(
        f"{STORE}/TraitGroups",
        GET=trait_groups.list_trait_groups,
        POST=trait_groups.create_trait_group,
    ),
    address(
        GROUP,
        GET=trait_groups.fetch_trait_group,
        PATCH=trait_groups.patch_trait_group,
        DELETE=trait_groups.delete_trait_group,
    ),
    address(
        f"{STORE}/DataMappings",
        GET=data_mappings.list_data_mappings,
        POST=data_mappings.create_data_mapping,
    ),
    address(
        MAPPING,
        GET=data_mappings.fetch_data_mapping,
        PATCH=data_mappings.patch_data_mapping,
        DELETE=data_mappings.delete_data_mapping,
    ),
    address(DATA, GET=profiles.list_profiles, POST=profiles.create_profile),
    # Before the profile's own address: a word wins over an id.
    address(f"{DATA}/Bulk", PUT=bulk.update_profiles_in_bulk),
    address(f"{DATA}/Imports", GET=imports.list_imports, POST=imports.create_import),
    address(f"{DATA}/Imports/<str:import_id>", GET=imports.fetch_import),
    # Ours: the contract has the number of errors alone.
    address(f"{DATA}/Imports/<str:import_id>/Refusals", GET=imports.list_refusals),
    address(f"{DATA}/Lookup", POST=profiles.lookup_profiles),
    # Ours: the contract finds by identifiers alone.
    address(f"{DATA}/Search", POST=profiles.search_profiles),
    address(
        PROFILE,
        GET=profiles.fetch_profile,
        PATCH=profiles.patch_profile,
        DELETE=profiles.delete_profile,
    ),
    address(f"{PROFILE}/Traits", GET=profiles.list_traits),
    address(
        f"{PROFILE}/Identifiers",
        GET=identifiers.list_identifiers,
        POST=identifiers.create_identifier,
    ),
    address(
        f"{PROFILE}/Identifiers/<str:id_type>",
        GET=identifiers.fetch_identifier,
        PATCH=identifiers.patch_identifier,
        DELETE=identifiers.delete_identifier,
    ),
    address(
        f"{PROFILE}/Observations",
        GET=observations.list_observations,
        POST=observations.create_observations,
    ),
    address(
        OBSERVATION,
        GET=observations.fetch_observation,
        PATCH=observations.patch_observation,
        DELETE=observations.delete_observation,
    ),
    address(f"{OBSERVATION}/Revisions", GET=observations.list_revisions),
    address(
        f"{PROFILE}/ConversationSummaries",
        GET=summaries.list_summaries,
        POST=summaries.create_summaries,
    ),
    address(
        f"{PROFILE}/ConversationSummaries/<str:summary_id>",
        GET=summaries.fetch_summary,
        PATCH=summaries.patch_summary,
        DELETE=summaries.delete_summary,
    ),
    address(f"{PROFILE}/Recall", POST=recall.create_recall),
    # Ours: from which words of which conversations something was learned.
    address(f"{PROFILE}/Provenance", GET=learning.list_provenance),
    address(f"{PROFILE}/Provenance/<str:learned_id>", PATCH=learning.decide_learned),
    # Ours: the contract merges for good.
    address(SUGGESTIONS, GET=merges.list_merge_suggestions),
    address(f"{SUGGESTIONS}/<str:suggestion_id>", POST=merges.decide_merge_suggestion),
    address(MERGES, GET=merges.list_merges),
    address(f"{MERGES}/<str:profile_id>/Unmerge", POST=merges.unmerge_profile),
]

urlpatterns += older_dialect(urlpatterns)
