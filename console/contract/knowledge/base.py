"""Knowledge bases: what a business knows, apart from any customer. Knowledge 6.1, 6.6."""

from typing import Annotated

from msgspec import Meta

from console.contract.base import (
    Noun,
    StrictBody,
    Time,
    Version,
    described,
    limit,
    whole,
)
from console.contract.ids import KNOWLEDGE_BASE_ID
from console.contract.memory.error import TitledCode
from console.contract.memory.page import define_page

BASES_PER_ACCOUNT = limit("BASES_PER_ACCOUNT", 5)  # 9 [D]
# [R]: a base is read whole into a process's memory, some 5 kB a chunk.
CHUNKS_PER_BASE = limit("CHUNKS_PER_BASE", 20_000)
# [R]: of the chunks with figures, those that are compared with each other: a second.
CHUNKS_COMPARED = limit("CHUNKS_COMPARED", 2000)
BASE_NAME_MAX = 64  # 0 [S]
BASE_DESCRIPTION_MAX = 128  # 0 [S]
BASES_PER_PAGE = 100  # 3 [S]


class KnowledgeCode(TitledCode):
    """The product's own codes (4)."""

    SOURCE_UNKNOWN = 420017, "Knowledge source not found in this base."
    BASE_UNKNOWN = 420018, "Knowledge base not found in this account."
    INVALID = 420021, "The request does not fit the contract, or a limit."
    BASE_ID_MALFORMED = 420023, "Not a valid knowledge base id."
    PAGE_UNKNOWN = 420030, "A web page is not there."
    PAGE_LATE = 420031, "A web page was not answered in time."
    PAGE_BUSY = 420032, "A web site asks for fewer calls."
    PAGE_FAILED = 420034, "A web page could not be read."
    PAGE_REFUSED = 420035, "A web page refused the call."


KnowledgeBaseId = Annotated[str, described(pattern=whole(KNOWLEDGE_BASE_ID))]
BaseName = Annotated[
    str, Meta(min_length=1, max_length=BASE_NAME_MAX, pattern=r"^[a-zA-Z0-9-]+\Z")
]
BaseDescription = Annotated[str, Meta(max_length=BASE_DESCRIPTION_MAX)]


class CreateKnowledgeBase(StrictBody, frozen=True, kw_only=True):
    """display_name  of one base of the account"""

    display_name: BaseName
    description: BaseDescription = ""


class PatchKnowledgeBase(StrictBody, frozen=True, kw_only=True):
    display_name: BaseName | None = None
    description: BaseDescription | None = None


class KnowledgeBase(Noun, frozen=True, kw_only=True):
    """description  always there, "" for none: an official agent client needs it
    version      1, and one more with each change
    """

    id: KnowledgeBaseId
    display_name: Annotated[str, described(maxLength=BASE_NAME_MAX)]
    description: Annotated[str, described(maxLength=BASE_DESCRIPTION_MAX)]
    status: Annotated[
        str, described(enum=["QUEUED", "PROVISIONING", "ACTIVE", "FAILED", "DELETING"])
    ]
    created_at: Time
    updated_at: Time
    version: Version


KnowledgeBasesPage = define_page("KnowledgeBasesPage", KnowledgeBase, BASES_PER_PAGE)
