"""Every address of the Memory API. No slash at the end: the contract."""

from django.urls import path

from console.service.http.request import resource
from console.service.memory.api import (
    bulk,
    data_mappings,
    identifiers,
    identity_settings,
    imports,
    observations,
    operations,
    profiles,
    recall,
    stores,
    summaries,
    trait_groups,
)
from console.service.memory.api.v1_services.urls import older_dialect

CONTROL = "v1/ControlPlane"
STORE = f"{CONTROL}/Stores/<str:store_id>"
GROUP = f"{STORE}/TraitGroups/<str:name>"
MAPPING = f"{STORE}/DataMappings/<str:mapping_id>"
DATA = "v1/Stores/<str:store_id>/Profiles"
PROFILE = f"{DATA}/<str:profile_id>"
OBSERVATION = f"{PROFILE}/Observations/<str:observation_id>"

urlpatterns = [
    path("v1/Uploads/<str:import_id>", resource(PUT=imports.upload_file)),
    path(
        f"{CONTROL}/Operations/<str:operation_id>",
        resource(GET=operations.fetch_operation),
    ),
    path(
        f"{CONTROL}/Stores",
        resource(GET=stores.list_stores, POST=stores.create_store),
    ),
    path(
        STORE,
        resource(
            GET=stores.fetch_store,
            PATCH=stores.patch_store,
            DELETE=stores.delete_store,
        ),
    ),
    path(
        f"{STORE}/IdentityResolutionSettings",
        resource(
            GET=identity_settings.fetch_identity_settings,
            PUT=identity_settings.update_identity_settings,
        ),
    ),
    path(
        f"{STORE}/TraitGroups",
        resource(
            GET=trait_groups.list_trait_groups, POST=trait_groups.create_trait_group
        ),
    ),
    path(
        GROUP,
        resource(
            GET=trait_groups.fetch_trait_group,
            PATCH=trait_groups.patch_trait_group,
            DELETE=trait_groups.delete_trait_group,
        ),
    ),
    path(
        f"{STORE}/DataMappings",
        resource(
            GET=data_mappings.list_data_mappings,
            POST=data_mappings.create_data_mapping,
        ),
    ),
    path(
        MAPPING,
        resource(
            GET=data_mappings.fetch_data_mapping,
            PATCH=data_mappings.patch_data_mapping,
            DELETE=data_mappings.delete_data_mapping,
        ),
    ),
    path(DATA, resource(GET=profiles.list_profiles, POST=profiles.create_profile)),
    # Before the profile's own address: a word wins over an id.
    path(f"{DATA}/Bulk", resource(PUT=bulk.update_profiles_in_bulk)),
    path(
        f"{DATA}/Imports",
        resource(GET=imports.list_imports, POST=imports.create_import),
    ),
    path(f"{DATA}/Imports/<str:import_id>", resource(GET=imports.fetch_import)),
    # Ours: the contract has the number of errors alone.
    path(
        f"{DATA}/Imports/<str:import_id>/Refusals",
        resource(GET=imports.list_refusals),
    ),
    path(f"{DATA}/Lookup", resource(POST=profiles.lookup_profiles)),
    path(
        PROFILE,
        resource(
            GET=profiles.fetch_profile,
            PATCH=profiles.patch_profile,
            DELETE=profiles.delete_profile,
        ),
    ),
    path(f"{PROFILE}/Traits", resource(GET=profiles.list_traits)),
    path(
        f"{PROFILE}/Identifiers",
        resource(GET=identifiers.list_identifiers, POST=identifiers.create_identifier),
    ),
    path(
        f"{PROFILE}/Identifiers/<str:id_type>",
        resource(
            GET=identifiers.fetch_identifier,
            PATCH=identifiers.patch_identifier,
            DELETE=identifiers.delete_identifier,
        ),
    ),
    path(
        f"{PROFILE}/Observations",
        resource(
            GET=observations.list_observations, POST=observations.create_observations
        ),
    ),
    path(
        OBSERVATION,
        resource(
            GET=observations.fetch_observation,
            PATCH=observations.patch_observation,
            DELETE=observations.delete_observation,
        ),
    ),
    path(f"{OBSERVATION}/Revisions", resource(GET=observations.list_revisions)),
    path(
        f"{PROFILE}/ConversationSummaries",
        resource(GET=summaries.list_summaries, POST=summaries.create_summaries),
    ),
    path(
        f"{PROFILE}/ConversationSummaries/<str:summary_id>",
        resource(
            GET=summaries.fetch_summary,
            PATCH=summaries.patch_summary,
            DELETE=summaries.delete_summary,
        ),
    ),
    path(f"{PROFILE}/Recall", resource(POST=recall.create_recall)),
]

urlpatterns += older_dialect(urlpatterns)
