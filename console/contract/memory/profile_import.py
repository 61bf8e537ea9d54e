"""Imports: profiles from a CSV file that is announced, uploaded, then read. 11.7."""

from typing import Annotated

from msgspec import Meta

from console.contract.base import (
    Count,
    Noun,
    StrictBody,
    Time,
    Url,
    always,
    described,
    unchecked,
    whole,
)
from console.contract.ids import IMPORT_ID
from console.contract.memory.operation import OperationId, Refusal
from console.contract.memory.page import define_page
from console.contract.memory.trait_group import TRAIT_GROUP_NAME_MAX, TRAIT_NAME_MAX

# Where files arrive: how large one may be, its import says.
UPLOADS = "/v1/Uploads/"
# Of the signatures without which the web server keeps no file.
UPLOAD_SALT = "memory.import"
IMPORT_FILENAME_MAX = 255  # 11.7 [S]
IMPORT_BYTES_MAX = 100 * 1024 * 1024  # 11.7 [S]
IMPORT_COLUMNS_MIN, IMPORT_COLUMNS_MAX = 2, 100  # 11.7 [S]
IMPORT_COLUMN_MAX = 64  # 11.7 [S]
IMPORT_URL_S = 1800  # 11.7 [S]: seconds that an upload's address lives
IMPORTS_PER_PAGE = 100  # 4 [S]: the array's cap
# Ours: further ones are counted and not named.
IMPORT_REFUSALS_MAX, REFUSALS_PER_PAGE = 100_000, 1000
IMPORT_STATUSES = ("PENDING", "PROCESSING", "COMPLETED", "FAILED")

ImportId = Annotated[str, Meta(pattern=whole(IMPORT_ID))]
# Letters of one byte each: the length is the size.
SAMPLE_FILE = "mail,first\ngrace@example.com,Grace\n"


class ColumnMapping(StrictBody, frozen=True, kw_only=True):
    """Which trait a column feeds."""

    column_name: Annotated[str, Meta(max_length=IMPORT_COLUMN_MAX)]
    trait_group: Annotated[str, Meta(max_length=TRAIT_GROUP_NAME_MAX)]
    trait_name: Annotated[str, Meta(max_length=TRAIT_NAME_MAX)]


class CreateImport(StrictBody, frozen=True, kw_only=True):
    """file_size  bytes; the upload has to have as many"""

    filename: Annotated[str, Meta(max_length=IMPORT_FILENAME_MAX)]
    file_size: Annotated[int, Meta(ge=1, le=IMPORT_BYTES_MAX)]
    column_mappings: Annotated[
        list[ColumnMapping],
        Meta(min_length=IMPORT_COLUMNS_MIN, max_length=IMPORT_COLUMNS_MAX),
    ]


class AnnouncedImport(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """201: `url` takes the file, once, by PUT and without credentials.

    operation_id, created_at, status_url  ours
    """

    import_id: Annotated[str, unchecked(ImportId)]
    url: Url
    operation_id: OperationId = ""
    created_at: Time | None = None
    status_url: Url = ""


class ImportSummary(Noun, frozen=True, kw_only=True):
    """
    errors    rows of which something was refused: all of it, or a value
    warnings  values that were left out of rows that are stored, and how it was read
    """

    errors: Count = always(int)
    warnings: Count = always(int)


class ImportRows(Noun, frozen=True, kw_only=True):
    """Rows that were read so far; stored and refused ones are all of them."""

    read: Count
    stored: Count
    refused: Count


class ProfileImport(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """
    rows, progress, failure  ours: what has been done so far, the second in percent of
                             the file, and why a FAILED one has failed
    """

    status: Annotated[str, described(enum=IMPORT_STATUSES)]
    filename: Annotated[str, described(maxLength=IMPORT_FILENAME_MAX)]
    file_size: Annotated[int, described(minimum=1, maximum=IMPORT_BYTES_MAX)] = always(
        int
    )
    column_mappings: tuple[ColumnMapping, ...] = always()
    summary: ImportSummary = always(ImportSummary)
    rows: ImportRows | None = None
    progress: Annotated[int, described(minimum=0, maximum=100)] | None = None
    failure: str = ""
    created_at: Time
    updated_at: Time | None = None


ImportsPage = define_page(
    "ImportsPage", ImportId, IMPORTS_PER_PAGE, help="Ids alone, newest first."
)


RefusalsPage = define_page(
    "RefusalsPage",
    Refusal,
    REFUSALS_PER_PAGE,
    help="Ours: what of a file was not stored, in the order of its rows.",
)
