"""Identity settings: how a store tells people apart. Section 10.2."""

from functools import cache
from typing import Annotated, Literal, get_args
from zoneinfo import available_timezones

from msgspec import Meta

from console.contract.base import (
    Body,
    Noun,
    StrictBody,
    Version,
    always,
    described,
    unchecked,
)

ID_TYPE_MIN, ID_TYPE_MAX = 2, 30  # 10.2 [S]
IDENTIFIER_VALUES_MAX = 100  # 10.2 [S]: of one type on a profile
IDENTIFIER_CONFIGS_MAX = 15  # 10.2 [S]: identifier types of a store
MATCHING_RULES_MAX = 15  # 10.2 [S]


@cache
def list_time_zones() -> list[str]:
    """As the IANA calls them."""
    return sorted(available_timezones())


# Letters, digits, hyphen and underscore: 10.2 [D].
IdTypeName = Annotated[
    str,
    Meta(min_length=ID_TYPE_MIN, max_length=ID_TYPE_MAX, pattern=r"^[a-zA-Z0-9_-]+\Z"),
]
Normalization = Literal["phone", "email", "trim", "none"]


class IdentifierConfig(Noun, frozen=True, kw_only=True):
    """One identifier type.

    matching_threshold  percent of likeness, for fuzzy matching alone
    limit               values that a profile keeps; limit_policy says which go
    enforce_unique      two profiles may not hold the same value
    """

    id_type: Annotated[str, unchecked(IdTypeName)]
    matching_algo: Annotated[str, described(enum=["exact", "fuzzy"])] = "exact"
    matching_threshold: Annotated[int, described(minimum=50, maximum=99)] = 75
    limit: Annotated[int, described(minimum=1, maximum=IDENTIFIER_VALUES_MAX)] = (
        IDENTIFIER_VALUES_MAX
    )
    limit_policy: Annotated[str, described(enum=["fifo", "lifo"])] = "fifo"
    enforce_unique: bool = True
    normalization: Annotated[str, described(enum=get_args(Normalization))] = "trim"


class NewIdentifierConfig(StrictBody, omit_defaults=False, frozen=True, kw_only=True):
    """An identifier type as it is sent: only what the memory can do.

    Kept whole, defaults as well, for so it is answered.
    """

    id_type: IdTypeName
    matching_algo: Literal["exact", "fuzzy"] = "exact"
    matching_threshold: Annotated[int, Meta(ge=50, le=99)] = 75
    limit: Annotated[int, Meta(ge=1, le=IDENTIFIER_VALUES_MAX)] = IDENTIFIER_VALUES_MAX
    limit_policy: Literal["fifo", "lifo"] = "fifo"
    enforce_unique: bool = True
    normalization: Normalization = "trim"


Rules = Annotated[
    list[Annotated[str, Meta(max_length=ID_TYPE_MAX)]],
    Meta(min_length=1, max_length=MATCHING_RULES_MAX),
]


class PutIdentitySettings(Body, frozen=True, kw_only=True):
    """Replaces all of them: what is left out is gone."""

    identifier_configs: Annotated[
        list[NewIdentifierConfig], Meta(min_length=1, max_length=IDENTIFIER_CONFIGS_MAX)
    ]
    matching_rules: Rules
    phone_region: Annotated[
        str,
        Meta(
            pattern=r"^([A-Z]{2})?\Z",
            description="Ours: the country, as ISO 3166 codes it, whose national phone "
            "numbers the store reads. Left out, it stays as it is.",
        ),
    ] = ""
    time_zone: Annotated[
        str,
        Meta(
            max_length=64,
            description="Ours: the IANA's name of the zone in which the days of a "
            "question or a conversation are meant. Left out, it stays as it is.",
        ),
    ] = ""
    merge_brake: Annotated[
        Literal["", "on", "shared", "off"],
        described(
            description="Ours: which merges wait for a person instead of being done. on: "
            "of profiles with other names and other phone numbers, and by a value that "
            "stands behind more than five profiles; shared: only the latter; off: none. "
            "Left out, it stays as it is."
        ),
    ] = ""
    whatsapp_is_phone: Annotated[
        bool | None,
        described(
            description="Ours: whether a WhatsApp number names the same person as a "
            "phone. Left out, it stays as it is."
        ),
    ] = None


class IdentitySettings(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """matching_rules  identifier types in the order in which they are tried
    phone_region    ours: whose national numbers are read; left out: those of the US
    time_zone       ours: where "yesterday" is meant; left out: UTC
    merge_brake     ours: which merges wait for a person; left out: on
    whatsapp_is_phone  ours: a WhatsApp number also counts as a phone; left out: no
    """

    identifier_configs: Annotated[
        tuple[IdentifierConfig, ...],
        described(minItems=1, maxItems=IDENTIFIER_CONFIGS_MAX),
    ] = always()
    matching_rules: Annotated[
        tuple[
            Annotated[str, described(minLength=ID_TYPE_MIN, maxLength=ID_TYPE_MAX)], ...
        ],
        described(minItems=1, maxItems=MATCHING_RULES_MAX),
    ] = always()
    version: Version
    phone_region: Annotated[str, described(pattern=r"^[A-Z]{2}$")] = ""
    time_zone: str = ""
    merge_brake: Annotated[str, described(enum=["shared", "off"])] = ""
    whatsapp_is_phone: bool = False
