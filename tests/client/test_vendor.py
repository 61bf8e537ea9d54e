"""Every answer that is valid under the vendor's description can be read."""

import io
import os
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.client.account import AccountClient
from console.contract.memory.observation import NewObservation, PatchObservation
from console.contract.memory.profile_import import ColumnMapping, CreateImport
from console.contract.memory.store import CreateStore
from console.contract.memory.summary import NewSummary, PatchSummary
from console.contract.memory.trait_group import CreateTraitGroup, PatchTraitGroup
from tests.client import vendor
from tests.client.conftest import (
    CONVERSATION,
    OBSERVATION,
    OPERATION,
    ORIGIN,
    PROFILE,
    STORE,
    SUMMARY,
    Memory,
)
from tests.npm import PackagesMissing, or_skip

# Of all operations together; by hand VENDOR_CASES=5000, which takes half a minute.
CASES = int(os.environ.get("VENDOR_CASES", "200"))
IMPORT = "mem_import_01k0000000000000000000000f"
NOW = datetime(2026, 1, 4, tzinfo=UTC)
FACT = NewObservation(content="x", source="desk", occurred_at=NOW)
STORY = NewSummary(content="x", conversation_id=CONVERSATION, occurred_at=NOW)
FILE = CreateImport(
    filename="a.csv",
    file_size=1,
    column_mappings=[
        ColumnMapping(column_name=name, trait_group="Contact", trait_name=name)
        for name in ("email", "phone")
    ],
)

CALLS: dict[str, Callable[[AccountClient], object]] = {
    "ListStores": lambda memory: memory.list_stores(),
    "CreateStore": lambda memory: memory.create_store(CreateStore(display_name="a")),
    "FetchStore": lambda memory: memory.fetch_store(STORE),
    "DeleteStore": lambda memory: memory.delete_store(STORE),
    "FetchOperation": lambda memory: memory.fetch_operation(OPERATION),
} | {
    name: lambda memory, call=call: call(memory.store(STORE))
    for name, call in {
        "FetchIdentityResolutionSettings": lambda store: store.identity_settings(),
        "ListTraitGroups": lambda store: store.list_trait_groups(),
        "FetchTraitGroup": lambda store: store.fetch_trait_group("Contact"),
        "CreateTraitGroup": lambda store: store.create_trait_group(
            CreateTraitGroup(display_name="A")
        ),
        "PatchTraitGroup": lambda store: store.patch_trait_group("A", PatchTraitGroup()),
        "DeleteTraitGroup": lambda store: store.delete_trait_group("A"),
        "ListDataMappings": lambda store: store.list_data_mappings(),
        "ListProfileImportsV2": lambda store: store.list_imports(),
        "CreateProfilesImportV2": lambda store: store.create_import(FILE, io.BytesIO(b"a")),
        "FetchProfileImportV2": lambda store: store.fetch_import(IMPORT),
        "ListProfiles": lambda store: store.list_profiles(),
        "CreateProfile": lambda store: store.create_profile({}),
        "FetchProfile": lambda store: store.fetch_profile(PROFILE),
        "PatchProfileTraits": lambda store: store.patch_profile(PROFILE, {}),
        "DeleteProfile": lambda store: store.delete_profile(PROFILE),
        "CreateProfilesLookup": lambda store: store.lookup("phone", "+1"),
        "ListProfileIdentifiers": lambda store: store.list_identifiers(PROFILE),
        "CreateProfileIdentifier": lambda store: store.add_identifier(PROFILE, "phone", ""),
        "ListProfileTraits": lambda store: store.list_traits(PROFILE),
        "ListProfileObservations": lambda store: store.list_observations(PROFILE),
        "CreateProfileObservation": lambda store: store.create_observations(PROFILE, [FACT]),
        "FetchProfileObservation": lambda store: store.fetch_observation(
            PROFILE, OBSERVATION
        ),
        "PatchProfileObservation": lambda store: store.patch_observation(
            PROFILE, OBSERVATION, PatchObservation()
        ),
        "DeleteProfileObservation": lambda store: store.delete_observation(
            PROFILE, OBSERVATION
        ),
        "ListObservationRevisions": lambda store: store.list_revisions(PROFILE, OBSERVATION),
        "ListProfileConversationSummaries": lambda store: store.list_summaries(PROFILE),
        "CreateProfileConversationSummary": lambda store: store.create_summaries(
            PROFILE, [STORY]
        ),
        "FetchProfileConversationSummary": lambda store: store.fetch_summary(
            PROFILE, SUMMARY
        ),
        "PatchProfileConversationSummary": lambda store: store.patch_summary(
            PROFILE, SUMMARY, PatchSummary()
        ),
        "DeleteProfileConversationSummary": lambda store: store.delete_summary(
            PROFILE, SUMMARY
        ),
        "CreateFetchProfileMemory": lambda store: store.recall(PROFILE),
    }.items()
}  # fmt: skip
# What an answer to these calls is about, where it says so.
ABOUT = {
    "FetchStore": {"id": STORE},
    "FetchOperation": {"operationId": OPERATION},
    "FetchProfile": {"id": PROFILE},
    "FetchProfileObservation": {"id": OBSERVATION},
    "FetchProfileConversationSummary": {"id": SUMMARY},
    "ListObservationRevisions": {"id": OBSERVATION},
    "FetchTraitGroup": {"displayName": "Contact"},
    "CreateProfilesImportV2": {"url": f"{ORIGIN}/v1/Uploads/1"},
}


@pytest.fixture(scope="module", autouse=True)
def description():
    try:
        return vendor.load_description()
    except PackagesMissing as missing:
        or_skip(missing, "the client does not meet the vendor's description")


@pytest.mark.parametrize("operation_id", CALLS)
def test_a_valid_answer_is_read(operation_id):
    status, bodies = vendor.find_answer(operation_id)

    @settings(
        max_examples=max(1, CASES // len(CALLS)),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def read(data):
        body = data.draw(bodies)
        for part in [
            body,
            body.get("traitGroup") or {},
            *(body.get("revisions") or ()),
        ]:
            about = ABOUT.get(operation_id, {}).items()
            part |= {name: value for name, value in about if name in part}
        answer = httpx.Response(status, json=body, headers={"Operation-Id": OPERATION})
        CALLS[operation_id](Memory(answer).account)

    read()
