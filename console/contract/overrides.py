"""Limits that an installation may set anew (MEMORY_LIMITS).

Each limit stands beside its noun, with its source and the date when it was read:
[S] the API's description, [P] the official SDKs, [D] the vendor's limits page, [R] our
choice, all of November 2026. Only numbers of things can be set: lengths are columns'.
"""

from collections.abc import Mapping

SETTABLE = (
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

_overrides: dict[str, int] = {}


def override_limits(given: Mapping[str, str]) -> None:
    """Set limits from names and texts. Raises ValueError, naming the limit.

    Settings call it before any noun is imported: from then on limits stand.
    """
    for name, text in ((n.strip(), t.strip()) for n, t in given.items()):
        if name not in SETTABLE:
            raise ValueError(f"{name}: unknown limit, use one of {', '.join(SETTABLE)}")
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) < 2**31):
            raise ValueError(f"{name}: must be a whole number from 1 to {2**31 - 1}")
        _overrides[name] = int(text)


def limit(name: str, value: int) -> int:
    """`value`, or what MEMORY_LIMITS says instead."""
    return _overrides.get(name, value)
