"""Refusals, redirects, receipts. Sections 5, 6 and 7."""

from enum import IntEnum
from typing import Annotated, ClassVar, Self

import msgspec

from console.contract.base import SAMPLES, URL_MAX, Noun, Url, always, described, limit
from console.contract.ids import PROFILE_ID
from console.contract.memory.operation import Refusal

ERROR_MESSAGE_MAX = 1024  # 5.1 [S]
BODY_BYTES = limit("BODY_BYTES", 8 * 1024 * 1024)  # [R]: no SDK comes near


class TitledCode(IntEnum):
    """An error code and what it means, in a sentence."""

    title: str

    def __new__(cls, code: int, title: str) -> Self:
        member = int.__new__(cls, code)
        member._value_, member.title = code, title
        return member

    @property
    def code(self) -> int:
        return self.value


class Code(TitledCode):
    """The product's own codes (5.3)."""

    STORE_UNKNOWN = 520041, "Store not found in this account."
    IF_MATCH_STALE = 520043, "Changed since it was fetched."
    STORE_LIMIT = 520044, "The account has reached its limit of stores."
    STORE_NAME_TAKEN = 520045, "Store name already in use in this account."
    SCHEMA = 520046, "The request's body does not fit the contract."
    TRAIT_GROUP_UNKNOWN = 520047, "Trait group not found in this store."
    DATA_MAPPING_UNKNOWN = 520048, "Data mapping not found in this store."
    STORE_ID_MALFORMED = 520049, "Not a valid store id."
    PROTECTED = 520050, "Built in, cannot be changed or deleted."
    OPERATION_ID_MALFORMED = 520051, "Not a valid operation id."
    OPERATION_UNKNOWN = 520052, "Operation not found, or older than a week."
    TRAIT_GROUP_LIMIT = 520053, "The store has reached its limit of trait groups."
    TRAIT_LIMIT = 520054, "The trait group has reached its limit of traits."
    TRAIT_GROUP_NAME_TAKEN = 520055, "Trait group name already in use in this store."
    DATA_MAPPING_NAME_TAKEN = 520056, "Data mapping name already in use in this store."


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """Every refusal. Names as the contract has them: `more_info` is not camelCase (5.1).

    code       the general one of its status, or a product code (5.3)
    message    names the field first, then the rule
    more_info  where the code is explained
    status     the HTTP status again
    """

    sample = SAMPLES["Error"]

    code: Annotated[int, described(minimum=100, maximum=999_999)]
    message: Annotated[str, described(maxLength=ERROR_MESSAGE_MAX)]
    more_info: Annotated[str, described(maxLength=URL_MAX, format="uri")]
    status: Annotated[int, described(minimum=400, maximum=599)]

    @classmethod
    def get_code(cls, status: int, code: int) -> int:
        """What this form calls a refusal."""
        return code


class ConversationsError(Error, omit_defaults=True, frozen=True, kw_only=True):
    """A refusal of /v2: the members of both forms that the vendor has published, and of
    a conflict the id that its header has too, since SDKs do not show headers."""

    # Its own where the memory's is the status.
    codes: ClassVar[dict[int, int]] = {400: 20001, 415: 20422}
    sample = SAMPLES["ConversationsError"]

    httpStatusCode: int
    userError: bool
    params: dict[str, str] = {}
    details: dict[str, str] = {}

    @classmethod
    def get_code(cls, status: int, code: int) -> int:
        return cls.codes.get(status, code)


class KnowledgeError(Error, frozen=True, kw_only=True):
    """A refusal of knowledge: the memory's form with codes of its own. Knowledge 4."""

    sample = SAMPLES["Error"]

    @classmethod
    def get_code(cls, status: int, code: int) -> int:
        own = {400: 420021, Code.SCHEMA: 420021, Code.IF_MATCH_STALE: 20412}
        return own.get(code, code)


def get_refusal(path: str) -> type[Error]:
    """In which form an address refuses."""
    if path.startswith(("/v2/KnowledgeBases", "/v2/ControlPlane/Knowledge")):
        return KnowledgeError
    return ConversationsError if path.startswith("/v2/") else Error


class ErrorExplanation(Noun, frozen=True, kw_only=True):
    """What a code means: where `more_info` leads. An extension of ours."""

    code: int
    title: Annotated[str, described(minLength=1)]


class Moved(Noun, frozen=True, kw_only=True):
    """301 and 308: the profile was merged into the one at `uri` (7)."""

    message: Annotated[str, described(maxLength=255)]
    uri: Url


ACCEPTED_MESSAGE_MAX = 255  # 6 [S]


class Accepted(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """202 of the data plane: the write is done, or will be (6).

    refusals  ours: values by which the profile is not found, stored as traits or not
    """

    message: Annotated[str, described(minLength=1, maxLength=ACCEPTED_MESSAGE_MAX)] = (
        always(str)
    )
    refusals: tuple[Refusal, ...] = ()


class Receipt(Noun, frozen=True, kw_only=True):
    """202 of the control plane: the operation at `status_url` says what came of it (6)."""

    message: Annotated[str, described(maxLength=512)]
    status_url: Url


CanonicalProfileId = Annotated[str, described(pattern=f"^{PROFILE_ID.pattern}$")]
