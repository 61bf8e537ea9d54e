"""Everything the memory answers, in the order in which one comes to need it."""

from console.pages.reference.operation import Operation, Section
from console.pages.reference.operations.identity import IDENTIFIERS, IDENTITY
from console.pages.reference.operations.many import MANY
from console.pages.reference.operations.mappings import DATA_MAPPINGS
from console.pages.reference.operations.memories import OBSERVATIONS, RECALL
from console.pages.reference.operations.older import OLDER
from console.pages.reference.operations.profiles import PROFILES
from console.pages.reference.operations.service import ABOUT
from console.pages.reference.operations.stores import STORES_SECTION
from console.pages.reference.operations.summaries import SUMMARIES
from console.pages.reference.operations.traits import TRAIT_GROUPS

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
