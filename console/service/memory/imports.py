"""Imports: profiles from a CSV file that is announced, uploaded, then read. 11.7.

PENDING until the file is there, PROCESSING from then on; import_jobs does the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any

import msgspec
from django.core import signing
from django.db import transaction
from django.utils import timezone

from console.contract.ids import IMPORT_ID, new_id
from console.contract.memory.csv_dialect import PIECE_BYTES, find_encoding
from console.contract.memory.profile_import import (
    IMPORT_URL_S,
    UPLOAD_SALT,
    CreateImport,
)
from console.service import errors
from console.service.memory.import_jobs import request_run
from console.service.memory.import_rows import READ_AS, get_definitions, read_as_utf8
from console.service.memory.models import (
    ImportChunk,
    ImportRefusal,
    ProfileImport,
    Store,
)
from console.service.memory.stores import lock_store
from console.service.memory.trait_groups import find_group, normalise_trait_name
from console.service.models import Operation, find_row

USED = "signature: already used, the file was uploaded"


@transaction.atomic(using="memory")
def create_import(store: Store, body: CreateImport) -> ProfileImport:
    """Announces a file. Raises Invalid for a mapping to no trait of this store."""
    store = lock_store(store)
    mappings = _check_mappings(store, msgspec.to_builtins(body.column_mappings))
    now = timezone.now()
    operation = Operation.objects.create(
        id=new_id("mem_operation"),
        account_id=store.account_id,
        status=Operation.Status.PENDING,
        created_at=now,
    )
    row: ProfileImport = ProfileImport.objects.create(
        store_id=store.id,
        id=new_id("mem_import"),
        filename=body.filename,
        file_size=body.file_size,
        column_mappings=mappings,
        operation_id=operation.id,
        created_at=now,
        updated_at=now,
    )
    return row


def _check_mappings(
    store: Store, mappings: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """With the names that the groups have."""
    known, targets, checked = get_definitions(store), set(), []
    groups = {group for group, _ in known}
    for index, mapping in enumerate(mappings):
        path = f"columnMappings[{index}].traitName"
        try:
            group = find_group(mapping["traitGroup"], groups) or mapping["traitGroup"]
            target = (group, normalise_trait_name(mapping["traitName"]))
        except errors.Invalid as exc:
            raise errors.Invalid(f"{path}: not a valid trait name") from exc
        if target not in known:
            raise errors.Invalid(f"{path}: unknown trait")
        if target in targets:
            raise errors.Invalid(f"{path}: duplicate trait")
        targets.add(target)
        checked.append({**mapping, "traitGroup": group})
    return checked


def get_import(store: Store, import_id: str) -> ProfileImport:
    """Raises Invalid for a malformed id, NotFound for a foreign or unknown one."""
    row: ProfileImport = find_row(
        ProfileImport.objects.of(store), import_id, IMPORT_ID, "import"
    )
    return row


def get_progress(row: ProfileImport) -> int:
    """How much of the file is done, in percent."""
    if row.status == ProfileImport.Status.COMPLETED:
        return 100
    return row.position * 100 // max(row.content_size, 1)


def get_failure(row: ProfileImport) -> str:
    """Why it failed, as long as its operation is kept; empty when it did not."""
    if row.status != ProfileImport.Status.FAILED:
        return ""
    receipt = Operation.objects.filter(pk=row.operation_id).first()
    return str(receipt.error.get("detail", "")) if receipt else ""


def list_refusals(row: ProfileImport) -> Any:
    return ImportRefusal.objects.filter(store_id=row.store_id, import_id=row.id)


def sign_upload(row: ProfileImport) -> str:
    """What lets its bearer upload this import's file, once and not for long."""
    return signing.dumps([row.store_id, row.id], salt=UPLOAD_SALT)


def read_signature(signature: str) -> tuple[str, str]:
    """What was signed for an upload: what it goes into, and its id. Raises Forbidden."""
    try:
        owner_id, id_ = signing.loads(signature, salt=UPLOAD_SALT, max_age=IMPORT_URL_S)
    except signing.SignatureExpired as exc:
        raise errors.Forbidden("signature: expired") from exc
    except signing.BadSignature as exc:
        raise errors.Forbidden("signature: not valid") from exc
    return owner_id, id_


def get_upload(import_id: str, signature: str) -> ProfileImport:
    """The import that waits for this upload. Raises Forbidden."""
    store_id, signed = read_signature(signature)
    row: ProfileImport | None = ProfileImport.objects.filter(
        store_id=store_id, id=import_id
    ).first()
    if signed != import_id or row is None:
        raise errors.Forbidden("signature: not valid for this import")
    if row.status != ProfileImport.Status.PENDING:
        raise errors.Forbidden(USED)
    return row


def receive_file(row: ProfileImport, pieces: Iterable[bytes]) -> None:
    """Keeps the uploaded file and has it read. Raises Invalid, Forbidden.

    An upload that breaks off leaves nothing, and may be repeated.
    """
    # Spooled: a line may be slow, and nobody else is to wait for it.
    with SpooledTemporaryFile(max_size=PIECE_BYTES) as spool:
        for piece in pieces:
            spool.write(piece)
        check_file_size(row, spool.tell())
        encoding = find_encoding(spool)
        with transaction.atomic(using="memory"):
            _store_chunks(row, read_as_utf8(spool, encoding))
            if encoding in READ_AS:
                _note(row, READ_AS[encoding])


def _note(row: ProfileImport, words: str) -> None:
    """Of the file as a whole, at its first row."""
    ImportRefusal.objects.create(
        store_id=row.store_id,
        import_id=row.id,
        item=1,
        place=0,
        reason=words,
        stored=True,
    )
    ProfileImport.objects.filter(store_id=row.store_id, id=row.id).update(warnings=1)


def _store_chunks(row: ProfileImport, chunks: Iterable[bytes]) -> None:
    lock_store(Store(pk=row.store_id))
    size, mine = 0, ProfileImport.objects.filter(store_id=row.store_id, id=row.id)
    if not mine.filter(status=ProfileImport.Status.PENDING).update(
        status=ProfileImport.Status.PROCESSING, updated_at=timezone.now()
    ):
        raise errors.Forbidden(USED)
    for number, content in enumerate(chunks):
        size += len(content)
        ImportChunk.objects.create(
            store_id=row.store_id, import_id=row.id, number=number, content=content
        )
    mine.update(content_size=size)
    Operation.objects.filter(pk=row.operation_id).update(
        status=Operation.Status.RUNNING
    )
    request_run(row)


def check_file_size(row: ProfileImport, size: int) -> None:
    """Raises Invalid for a file that is not as long as was announced."""
    if size != row.file_size:
        raise errors.Invalid(f"fileSize: the file must have {row.file_size} bytes")
