"""Identity settings: how a store tells people apart. Section 10.2."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from console.contract.base import Body, Noun, StrictBody, Version

ID_TYPE_MIN, ID_TYPE_MAX = 2, 30  # 10.2 [S]
IDENTIFIER_VALUES_MAX = 100  # 10.2 [S]: of one type on a profile
IDENTIFIER_CONFIGS_MAX = 15  # 10.2 [S]: identifier types of a store
MATCHING_RULES_MAX = 15  # 10.2 [S]

# Letters, digits, hyphen and underscore: 10.2 [D].
IdTypeName = Annotated[
    str,
    Meta(min_length=ID_TYPE_MIN, max_length=ID_TYPE_MAX, pattern=r"^[a-zA-Z0-9_-]+\Z"),
]
Normalization = Literal["phone", "email", "trim", "none"]


class IdentifierConfig(StrictBody, frozen=True, kw_only=True):
    """One identifier type.

    matching_threshold  percent of likeness, for fuzzy matching alone
    limit               values that a profile keeps; limit_policy says which go
    enforce_unique      two profiles may not hold the same value
    """

    id_type: IdTypeName
    matching_algo: Literal["exact", "fuzzy"] = "exact"
    matching_threshold: Annotated[int, Meta(ge=50, le=99)] = 75
    limit: Annotated[int, Meta(ge=1, le=IDENTIFIER_VALUES_MAX)] = IDENTIFIER_VALUES_MAX
    limit_policy: Literal["fifo", "lifo"] = "fifo"
    enforce_unique: bool = True
    normalization: Normalization = "trim"


Configs = Annotated[
    list[IdentifierConfig], Meta(min_length=1, max_length=IDENTIFIER_CONFIGS_MAX)
]
Rules = Annotated[
    list[Annotated[str, Meta(max_length=ID_TYPE_MAX)]],
    Meta(min_length=1, max_length=MATCHING_RULES_MAX),
]


class PutIdentitySettings(Body, frozen=True, kw_only=True):
    """Replaces all of them: what is left out is gone."""

    sample: ClassVar[dict[str, Any]] = {
        "identifierConfigs": [
            {"idType": "email", "normalization": "email"},
            {"idType": "phone", "normalization": "phone", "limit": 10},
        ],
        "matchingRules": ["email", "phone"],
    }

    identifier_configs: Configs
    matching_rules: Rules


class IdentitySettings(Noun, frozen=True, kw_only=True):
    """matching_rules  identifier types in the order in which they are tried"""

    sample: ClassVar[dict[str, Any]] = {
        "identifierConfigs": [
            {
                "idType": "email",
                "matchingAlgo": "exact",
                "matchingThreshold": 75,
                "limit": 100,
                "limitPolicy": "fifo",
                "enforceUnique": True,
                "normalization": "email",
            }
        ],
        "matchingRules": ["email"],
        "version": 1,
    }

    identifier_configs: Configs
    matching_rules: Rules
    version: Version
