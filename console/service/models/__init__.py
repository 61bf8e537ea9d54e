"""The memory's tables: one noun a file, every key led by the store."""

from console.service.models.account import Account, Credential
from console.service.models.data_mapping import DataMapping
from console.service.models.index import IndexEntry
from console.service.models.observation import (
    Observation,
    ObservationRevision,
    Summary,
)
from console.service.models.operation import Operation
from console.service.models.pending_write import PendingWrite
from console.service.models.profile import Identifier, MergedProfile, Profile, Trait
from console.service.models.profile_import import ImportChunk, ProfileImport
from console.service.models.store import IdentitySettings, Store
from console.service.models.trait_group import TraitGroup

__all__ = [
    "Account",
    "Credential",
    "DataMapping",
    "Identifier",
    "IdentitySettings",
    "ImportChunk",
    "IndexEntry",
    "MergedProfile",
    "Observation",
    "ObservationRevision",
    "Operation",
    "PendingWrite",
    "Profile",
    "ProfileImport",
    "Store",
    "Summary",
    "Trait",
    "TraitGroup",
]
