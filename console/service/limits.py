"""Every limit of the memory, with where its value comes from.

Sources: contract/memory-v1.md section 14, read in November 2026; marks as there
([S] the API description, [D] the vendor's limits page, [R] our choice). MEMORY_LIMITS
sets those of CHANGEABLE anew: the public sources disagree about them, or say nothing.
"""

from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Limit(int):
    """An integer that knows its source."""

    source: str

    def __new__(cls, value: int, source: str) -> "Limit":
        limit = super().__new__(cls, value)
        limit.source = source
        return limit


STORES_PER_ACCOUNT = Limit(15, "14 [S]; the beta page says 5")
STORE_NAME = Limit(64, "10.1 [S]")
STORE_DESCRIPTION = Limit(128, "10.1 [S]")

TRAIT_GROUPS_PER_STORE = Limit(50, "14 [S]")
TRAITS_PER_GROUP = Limit(95, "14 [S][D]")
TRAIT_GROUP_NAME = Limit(64, "10.3 [S]")
TRAIT_GROUP_DESCRIPTION = Limit(1024, "10.3 [S]")
TRAIT_NAME = Limit(64, "11.1 [S]")
TRAIT_PATTERN = Limit(1000, "10.3 [S]")
TRAIT_STRING = Limit(1024, "11.2 [D]")
TRAIT_INTEGER = Limit(2**31 - 1, "11.2 [D]: signed 32 bits")
TRAIT_ARRAY = Limit(100, "11.2 [D]")
PAYLOAD_GROUPS = Limit(50, "11.1 [S]")
PAYLOAD_TRAITS = Limit(99, "11.1 [S]")

ID_TYPE_MIN = Limit(2, "10.2 [S]")
ID_TYPE_MAX = Limit(30, "10.2 [S]")
IDENTIFIER_VALUE = Limit(255, "11.3 [S]")
IDENTIFIER_VALUES = Limit(100, "10.2 [S]: of one type on a profile")
IDENTIFIER_TYPES = Limit(50, "11.3 [S]: types listed for one profile")
LOOKUP_RESULTS = Limit(100, "11.1 [S]")
MERGED_IDS = Limit(100, "ours: old ids named beside a profile, the newest")

BATCH = Limit(10, "11.4, 11.5 [S]: observations or summaries in one write")
CONTENT = Limit(4096, "11.4 [S]")
SOURCE = Limit(100, "11.4 [S]")
CONVERSATIONS_PER_OBSERVATION = Limit(10, "11.4 [S]")
CONVERSATION_ID = Limit(64, "16.2 [R]: the older dialect's, of any letters")
OBSERVATIONS_PER_PROFILE = Limit(10_000, "[R]; the beta page says 500")
SUMMARIES_PER_PROFILE = Limit(10_000, "[R]; the beta page says 500")

RECALL_QUERY = Limit(1024, "11.6 [S]")
RECALL_ITEMS = Limit(100, "11.6 [S]")
RECALL_TURNS = Limit(10, "11.6 [S]: turns of a conversation that make a query")
RECALL_OBSERVATIONS = Limit(20, "11.6 [S], default")
RECALL_SUMMARIES = Limit(5, "11.6 [S], default")
OLDER_RECALL_ITEMS = Limit(20, "16.3 [Z]: more are not given, nor refused")
OLDER_RECALL_OBSERVATIONS = Limit(5, "16.3 [Z], default")

DATA_MAPPING_NAME = Limit(64, "10.4 [S]")
DATA_MAPPING_DESCRIPTION = Limit(512, "10.4 [S]")
DATA_MAPPING_ITEMS = Limit(100, "10.4 [S]")
DATA_MAPPING_COLUMNS = Limit(100, "10.4 [S]")
DATA_MAPPING_EXPRESSION = Limit(256, "10.4 [S]: expressions and column names")
DATA_MAPPING_TRAIT = Limit(128, "10.4 [S]")
DATA_MAPPING_PAGE = Limit(100, "4 [S]")

BULK_PROFILES = Limit(1000, "11.1 [S]")
IMPORT_FILENAME = Limit(255, "11.7 [S]")
IMPORT_BYTES = Limit(100 * 1024 * 1024, "11.7 [S]")
IMPORT_COLUMNS_MIN = Limit(2, "11.7 [S]")
IMPORT_COLUMNS_MAX = Limit(100, "11.7 [S]")
IMPORT_COLUMN = Limit(64, "11.7 [S]")
IMPORT_URL_S = Limit(1800, "11.7 [S]: seconds that an upload's address lives")
IMPORT_PAGE = Limit(100, "4 [S]: the array's cap")

IDENTIFIER_CONFIGS = Limit(15, "10.2 [S]: identifier types of a store")
MATCHING_RULES = Limit(15, "10.2 [S]")

PAGE_SIZE = Limit(50, "4 [S], default")
PAGE_TOKEN = Limit(4096, "4 [S]")
URL = Limit(2048, "6, 7 [S]: addresses in answers")
STORE_PAGE = Limit(100, "4 [S]")
TRAIT_GROUP_PAGE = Limit(50, "4 [S]: the array's cap")
TRAIT_DEFINITION_PAGE = Limit(95, "4 [S]")
PROFILE_PAGE = Limit(1000, "4 [S]")
TRAIT_PAGE = Limit(100, "4 [S]: the array's cap")
MEMORY_PAGE = Limit(50, "4 [S]: observations, revisions, summaries")

ERROR_MESSAGE = Limit(1024, "5.1 [S]")
OPERATION_DAYS = Limit(7, "6.1 [D]: kept after completion")
BODY_BYTES = Limit(8 * 1024 * 1024, "[R]: no SDK comes near")

# How many of something there may be. Lengths are not among them: those are columns'.
CHANGEABLE = (
    "STORES_PER_ACCOUNT",
    "TRAIT_GROUPS_PER_STORE",
    "TRAITS_PER_GROUP",
    "BATCH",
    "BULK_PROFILES",
    "OBSERVATIONS_PER_PROFILE",
    "SUMMARIES_PER_PROFILE",
    "LOOKUP_RESULTS",
    "RECALL_ITEMS",
    "OPERATION_DAYS",
    "BODY_BYTES",
)


def set_anew(given: Mapping[str, str]) -> dict[str, Limit]:
    """Limits by name, from the text of MEMORY_LIMITS. Raises ImproperlyConfigured."""
    found = {}
    for name, text in ((n.strip(), t.strip()) for n, t in given.items()):
        if name not in CHANGEABLE:
            raise ImproperlyConfigured(
                f"MEMORY_LIMITS: {name} cannot be set; one of {', '.join(CHANGEABLE)}"
            )
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) < 2**31):
            raise ImproperlyConfigured(f"MEMORY_LIMITS: {name} must be a number from 1")
        found[name] = Limit(int(text), "MEMORY_LIMITS")
    return found


globals().update(set_anew(settings.MEMORY_LIMITS))
