"""The memory's tables: one noun a file, every key led by the store."""

from console.service.memory.models.data_mapping import DataMapping
from console.service.memory.models.index import IndexedItem, IndexEntry
from console.service.memory.models.merge import MergeSuggestion, ProfilePart
from console.service.memory.models.observation import (
    Observation,
    ObservationRevision,
    Summary,
)
from console.service.memory.models.profile import (
    Identifier,
    MergedProfile,
    Profile,
    Trait,
)
from console.service.memory.models.profile_import import (
    ImportChunk,
    ImportRefusal,
    ProfileImport,
)
from console.service.memory.models.store import IdentitySettings, Store, Tombstone
from console.service.memory.models.trait_group import TraitGroup

__all__ = [
    "DataMapping",
    "Identifier",
    "IdentitySettings",
    "ImportChunk",
    "ImportRefusal",
    "IndexEntry",
    "IndexedItem",
    "MergeSuggestion",
    "MergedProfile",
    "Observation",
    "ObservationRevision",
    "Profile",
    "ProfileImport",
    "ProfilePart",
    "Store",
    "Summary",
    "Tombstone",
    "Trait",
    "TraitGroup",
]
