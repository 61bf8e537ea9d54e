"""Everything the memory answers, in the order in which one comes to need it."""

from console.reference.operation import Operation, Section
from console.reference.operations.identity import IDENTIFIERS, IDENTITY
from console.reference.operations.many import MANY
from console.reference.operations.mappings import DATA_MAPPINGS
from console.reference.operations.memories import OBSERVATIONS, RECALL
from console.reference.operations.older import OLDER
from console.reference.operations.profiles import PROFILES
from console.reference.operations.service import ABOUT
from console.reference.operations.stores import STORES_SECTION
from console.reference.operations.summaries import SUMMARIES
from console.reference.operations.traits import TRAIT_GROUPS

SECTIONS: tuple[Section, ...] = (
    STORES_SECTION,
    TRAIT_GROUPS,
    IDENTITY,
    PROFILES,
    IDENTIFIERS,
    OBSERVATIONS,
    SUMMARIES,
    RECALL,
    MANY,
    DATA_MAPPINGS,
    ABOUT,
    OLDER,
)


def every_operation() -> list[Operation]:
    return [each for section in SECTIONS for each in section.operations]
