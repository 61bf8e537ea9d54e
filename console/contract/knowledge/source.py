"""Sources of a knowledge base: a text, a file, or a web site. Knowledge 6.2, 6.3."""

from datetime import timedelta
from typing import Annotated, Literal, get_args

from msgspec import Meta

from console.contract.base import (
    URL_MAX,
    Body,
    Noun,
    StrictBody,
    Time,
    Url,
    described,
    limit,
    one_of,
    whole,
)
from console.contract.ids import KNOWLEDGE_ID
from console.contract.memory.page import define_page

SOURCES_PER_BASE = limit("SOURCES_PER_BASE", 10)  # 9 [D]
SOURCE_NAME_MAX = 30  # 6.2 [S]
SOURCE_DESCRIPTION_MAX = 1024  # 6.2 [S]
SOURCE_TEXT_MAX = 1_048_576  # 0: the larger one of two
FILE_NAME_MAX = 256  # 6.3 [S]
FILE_BYTES_MAX = 16_777_216  # 9 [S]
CRAWL_DEPTH, CRAWL_DEPTH_MAX = 2, 10  # 6.3 [S]
CRAWL_ERRORS_MAX, CRAWL_INSTANCES_MAX = 2000, 3  # 6.3 [S]
SOURCES_PER_PAGE = 1000  # 3 [S]
MESSAGE_MAX = 512  # 7 [S]

# How long after a crawl the next one begins [R].
CRAWL_PERIODS = {
    "WEEKLY": timedelta(days=7),
    "BIWEEKLY": timedelta(days=14),
    "MONTHLY": timedelta(days=30),
}
CrawlPeriod = Literal["WEEKLY", "BIWEEKLY", "MONTHLY", "NEVER"]
# What a file is, by its name; also in that order in what a person is told.
MIME_TYPES = {
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
}
MimeType = Literal[
    "text/csv",
    "text/markdown",
    "application/pdf",
    "text/tab-separated-values",
    "text/plain",
]

KnowledgeId = Annotated[str, described(pattern=whole(KNOWLEDGE_ID))]
SourceName = Annotated[str, Meta(min_length=1, max_length=SOURCE_NAME_MAX)]
SourceDescription = Annotated[str, Meta(max_length=SOURCE_DESCRIPTION_MAX)]


class SentWeb(StrictBody, tag_field="type", tag="Web", frozen=True, kw_only=True):
    """url  of a new one required; of one that is there it cannot be changed"""

    url: Annotated[str, Meta(max_length=URL_MAX)] = ""
    crawl_depth: Annotated[int, Meta(ge=1, le=CRAWL_DEPTH_MAX)] | None = None
    crawl_period: CrawlPeriod | None = None


class SentText(StrictBody, tag_field="type", tag="Text", frozen=True, kw_only=True):
    content: Annotated[str, Meta(min_length=1, max_length=SOURCE_TEXT_MAX)]


class SentFile(StrictBody, tag_field="type", tag="File", frozen=True, kw_only=True):
    """What is left out is taken from the upload."""

    file_name: Annotated[str, Meta(max_length=FILE_NAME_MAX)] = ""
    file_size: Annotated[int, Meta(ge=1, le=FILE_BYTES_MAX)] | None = None
    mime_type: MimeType | None = None


class CreateKnowledge(StrictBody, frozen=True, kw_only=True):
    name: SourceName
    description: SourceDescription = ""
    source: SentWeb | SentText | SentFile


class PatchKnowledge(StrictBody, frozen=True, kw_only=True):
    """Changes what is given. A source keeps its type and, of a web site, its url.

    refresh  has it read again: where the client from npm puts it
    """

    name: SourceName | None = None
    description: SourceDescription | None = None
    source: SentWeb | SentText | SentFile | None = None
    refresh: bool = False


class CrawlError(Noun, frozen=True, kw_only=True):
    """type      where the code is explained
    instance  the page
    """

    type: Url
    code: int
    instance: Annotated[str, described(maxLength=500)]
    detail: Annotated[str, described(maxLength=1000)] = ""


class CrawlErrors(Noun, frozen=True, kw_only=True):
    """The first ones of a kind."""

    title: Annotated[str, described(maxLength=100)]
    instances: Annotated[
        tuple[CrawlError, ...], described(maxItems=CRAWL_INSTANCES_MAX)
    ]


class WebSource(Body, tag_field="type", tag="Web", frozen=True, kw_only=True):
    """errors  of pages, when the last crawl had any"""

    url: Url
    crawl_depth: Annotated[int, described(minimum=1, maximum=CRAWL_DEPTH_MAX)]
    crawl_period: Annotated[str, described(enum=list(get_args(CrawlPeriod)))]
    errors: Annotated[
        tuple[CrawlErrors, ...], described(maxItems=CRAWL_ERRORS_MAX)
    ] = ()


class TextSource(Body, tag_field="type", tag="Text", frozen=True, kw_only=True):
    content: Annotated[str, described(maxLength=SOURCE_TEXT_MAX)]


class FileSource(Body, tag_field="type", tag="File", frozen=True, kw_only=True):
    """import_url, upload_expiration  while its file has not been uploaded"""

    file_name: Annotated[str, described(maxLength=FILE_NAME_MAX)] = ""
    file_size: Annotated[int, described(minimum=0, maximum=FILE_BYTES_MAX)] = 0
    mime_type: str = ""
    import_url: Url = ""
    upload_expiration: Time | None = None


class Knowledge(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """One source. What it says is found once it is COMPLETED, and what it said before
    until then.

    failure  ours: why it is FAILED, in words
    chunks   ours: how many it has that are found
    read_at  ours: when these were read
    pages, pages_waiting  ours: of a web site, how many a crawl has read and has to
    next_crawl_at  ours: of a web site
    """

    id: KnowledgeId
    name: Annotated[str, described(maxLength=SOURCE_NAME_MAX)]
    description: Annotated[str, described(maxLength=SOURCE_DESCRIPTION_MAX)] = ""
    status: Annotated[
        str,
        described(enum=["SCHEDULED", "QUEUED", "PROCESSING", "COMPLETED", "FAILED"]),
    ]
    source: Annotated[
        WebSource | TextSource | FileSource, one_of(WebSource | TextSource | FileSource)
    ]
    failure: str = ""
    chunks: int = 0
    read_at: Time | None = None
    pages: int = 0
    pages_waiting: int = 0
    next_crawl_at: Time | None = None
    created_at: Time
    updated_at: Time

    @property
    def kind(self) -> str:
        """Text, File or Web."""
        return str(self.source.__struct_config__.tag)


class Requeued(Noun, frozen=True, kw_only=True):
    """202 of a change for which the source is read again."""

    message: Annotated[str, described(maxLength=MESSAGE_MAX)]


KnowledgePage = define_page("KnowledgePage", Knowledge, SOURCES_PER_PAGE)
