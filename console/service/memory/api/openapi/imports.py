"""Imports and the upload of their file, described. Contract 11.7."""

from typing import Annotated, Literal

import msgspec

from console.service import limits
from console.service.http.description.operation import Answer, Operation, Operations
from console.service.http.description.types import (
    ORDERED_PAGE_QUERY,
    ImportId,
    Moment,
    OperationId,
    Shown,
    Url,
    page,
)
from console.service.memory.api import imports

Count = Annotated[int, msgspec.Meta(ge=0)]


class Announced(Shown, frozen=True):
    import_id: ImportId
    url: Url
    operation_id: OperationId
    created_at: Moment
    status_url: Url


class ImportSummary(Shown, frozen=True):
    errors: Count
    warnings: Count


class Import(Shown, frozen=True):
    status: Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED"]
    filename: Annotated[str, msgspec.Meta(max_length=int(limits.IMPORT_FILENAME))]
    file_size: Annotated[int, msgspec.Meta(ge=1, le=int(limits.IMPORT_BYTES))]
    column_mappings: list[imports.ColumnMapping]
    summary: ImportSummary
    created_at: Moment
    updated_at: Moment


OPERATIONS: Operations = {
    imports.list_imports: Operation(
        {200: page("imports", ImportId, limits.IMPORT_PAGE)}, query=ORDERED_PAGE_QUERY
    ),
    imports.create_import: Operation(
        {201: Answer(Announced)}, body=imports.CreateImport
    ),
    imports.fetch_import: Operation({200: Answer(Import)}),
    imports.upload_file: Operation(
        {200: Answer(None)},
        file="text/csv",
        query={"signature": str},
        refusals=(403,),
        public=True,
    ),
}
