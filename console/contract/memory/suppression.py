"""Identifiers of erased profiles that are not learned again. Ours: the contract has none."""

import re
from typing import Annotated

from msgspec import Meta

from console.contract.base import Noun, Time, described, whole
from console.contract.memory.identity_settings import ID_TYPE_MAX
from console.contract.memory.page import define_page

SUPPRESSION_ID = re.compile("[0-9a-f]{64}")
SUPPRESSIONS_PER_PAGE = 100


class Suppression(Noun, frozen=True, kw_only=True):
    """A keyed digest of an erased identifier, never its value.

    refused     writes that would have brought it back
    refused_at  the last one of them
    """

    id: Annotated[str, Meta(pattern=whole(SUPPRESSION_ID))]
    id_type: Annotated[str, described(maxLength=ID_TYPE_MAX)]
    erased_at: Time
    refused: Annotated[int, Meta(ge=0)]
    refused_at: Time | None = None


SuppressionsPage = define_page(
    "SuppressionsPage", Suppression, SUPPRESSIONS_PER_PAGE, key="suppressions"
)
