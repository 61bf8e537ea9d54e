"""Bases and their sources: making, changing and deleting them. Knowledge 7 and 8."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
from django.core import signing
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from console.contract.base import URL_MAX
from console.contract.ids import KNOWLEDGE_BASE_ID, KNOWLEDGE_ID, new_id
from console.contract.knowledge import base as wire
from console.contract.knowledge import source as source_wire
from console.contract.knowledge.base import KnowledgeCode
from console.contract.knowledge.source import SentFile, SentText, SentWeb
from console.contract.memory.profile_import import IMPORT_URL_S, UPLOAD_SALT
from console.core import outgoing
from console.service import errors
from console.service.knowledge import crawl
from console.service.knowledge.ingestion import request_reading
from console.service.knowledge.models import (
    PARTS,
    KnowledgeBase,
    KnowledgeContent,
    KnowledgeSource,
)
from console.service.memory.imports import USED, read_signature
from console.service.memory.stores import check_version
from console.service.models import Account, lock_account

Kind, Status = KnowledgeSource.Kind, KnowledgeSource.Status
# Of a web site where nothing else is said.
SITE = {"crawlDepth": source_wire.CRAWL_DEPTH, "crawlPeriod": "NEVER"}


def get_base(account: Account, base_id: str) -> KnowledgeBase:
    """Raises Invalid for a malformed id, NotFound for a foreign or unknown one."""
    if not KNOWLEDGE_BASE_ID.fullmatch(base_id):
        raise errors.Invalid(
            "kbId: not a valid knowledge base id", code=KnowledgeCode.BASE_ID_MALFORMED
        )
    found = KnowledgeBase.objects.filter(account=account, id=base_id).first()
    if found is None:
        raise errors.NotFound(
            "Knowledge base not found.", code=KnowledgeCode.BASE_UNKNOWN
        )
    return found


def get_source(account: Account, base_id: str, source_id: str) -> KnowledgeSource:
    """Raises NotFound, also for an id of no such form."""
    found = get_base(account, base_id).sources.filter(id=source_id).first()
    if found is None or not KNOWLEDGE_ID.fullmatch(source_id):
        raise errors.NotFound(
            "Knowledge source not found.", code=KnowledgeCode.SOURCE_UNKNOWN
        )
    return found


@transaction.atomic(using="memory")
def create_base(account: Account, body: wire.CreateKnowledgeBase) -> KnowledgeBase:
    """Raises Invalid: too many, or a name that is taken."""
    account = lock_account(account)
    _check_name(account, body.display_name)
    count = KnowledgeBase.objects.filter(account=account).count()
    if count >= wire.BASES_PER_ACCOUNT:
        raise _refuse(f"knowledgeBases: at most {wire.BASES_PER_ACCOUNT} per account")
    now = timezone.now()
    return KnowledgeBase.objects.create(
        id=new_id("know_knowledgebase"),
        account=account,
        display_name=body.display_name,
        description=body.description,
        created_at=now,
        updated_at=now,
    )


@transaction.atomic(using="memory")
def patch_base(
    account: Account, base_id: str, body: wire.PatchKnowledgeBase, *, if_match: str
) -> None:
    """Raises NotFound, Invalid, Stale."""
    base = get_base(lock_account(account), base_id)
    check_version(if_match, base.version)
    if body.display_name not in {None, base.display_name}:
        _check_name(account, str(body.display_name))
    for name, value in msgspec.structs.asdict(body).items():
        if value is not None:
            setattr(base, name, value)
    base.version, base.updated_at = base.version + 1, timezone.now()
    base.save(update_fields=["display_name", "description", "version", "updated_at"])


@transaction.atomic(using="memory")
def delete_base(account: Account, base_id: str) -> None:
    get_base(lock_account(account), base_id).delete()


@transaction.atomic(using="memory")
def create_source(
    account: Account, base_id: str, body: source_wire.CreateKnowledge
) -> KnowledgeSource:
    """A text or a web site is read at once, a file when it has come. Raises NotFound,
    Invalid."""
    base = get_base(lock_account(account), base_id)
    if base.sources.count() >= source_wire.SOURCES_PER_BASE:
        raise _refuse(f"knowledge: at most {source_wire.SOURCES_PER_BASE} per base")
    now = timezone.now()
    source = KnowledgeSource(
        id=new_id("know_knowledge"),
        base=base,
        name=body.name,
        description=body.description,
        created_at=now,
        updated_at=now,
    )
    sent = body.source
    match sent:
        case SentText():
            source.kind = Kind.TEXT
        case SentFile():
            source.kind, source.status = Kind.FILE, Status.SCHEDULED
            source.settings = _to_settings(sent)
            source.upload_until = now + timedelta(seconds=IMPORT_URL_S)
        case SentWeb():
            _check_url(sent.url)
            source.kind = Kind.WEB
            source.settings = SITE | _to_settings(sent)
    source.save(force_insert=True)
    if isinstance(sent, SentText):
        _put_text(source, sent.content)
    elif isinstance(sent, SentWeb):
        request_reading(source)
    return source


@transaction.atomic(using="memory")
def patch_source(
    account: Account, base_id: str, source_id: str, body: source_wire.PatchKnowledge
) -> bool:
    """Whether it is read again. Raises NotFound, Invalid."""
    lock_account(account)
    source = get_source(account, base_id, source_id)
    if body.name is not None:
        source.name = body.name
    if body.description is not None:
        source.description = body.description
    source.updated_at = timezone.now()
    source.save(update_fields=["name", "description", "updated_at"])
    sent = body.source
    if sent is None:
        return False
    if sent.__struct_config__.tag != source.kind:
        raise _refuse("source.type: cannot be changed")
    if isinstance(sent, SentText):
        return _put_text(source, sent.content)
    if isinstance(sent, SentWeb):
        return _put_site(source, sent)
    if isinstance(sent, SentFile) and source.status == Status.SCHEDULED:
        source.settings |= _to_settings(sent)
        source.save(update_fields=["settings"])
    return False


@transaction.atomic(using="memory")
def refresh_source(account: Account, base_id: str, source_id: str) -> None:
    """Has it read again, or a file that has not come awaited anew; one that is being read
    is left alone."""
    lock_account(account)
    source = get_source(account, base_id, source_id)
    if source.status == Status.SCHEDULED:
        source.upload_until = timezone.now() + timedelta(seconds=IMPORT_URL_S)
        source.save(update_fields=["upload_until"])
    elif not source.is_waiting:
        request_reading(source)


def start_due_crawls() -> None:
    """Of sites whose period is over."""
    due = KnowledgeSource.objects.filter(due_at__lte=timezone.now())
    for source in due.select_related("base__account"):
        with suppress(errors.NotFound):
            refresh_source(source.base.account, source.base_id, source.id)


@transaction.atomic(using="memory")
def delete_source(account: Account, base_id: str, source_id: str) -> None:
    lock_account(account)
    source = get_source(account, base_id, source_id)
    for table in PARTS:
        table.objects.of(source).delete()
    source.delete()
    KnowledgeBase.objects.filter(pk=source.base_id).update(
        content_version=F("content_version") + 1
    )


def sign_upload(source: KnowledgeSource) -> str:
    """What lets its bearer upload this source's file, once and not for long."""
    return signing.dumps([source.base_id, source.id], salt=UPLOAD_SALT)


def get_upload(source_id: str, signature: str) -> KnowledgeSource:
    """The source that waits for this upload. Raises Forbidden."""
    base_id, signed = read_signature(signature)
    found = KnowledgeSource.objects.filter(base_id=base_id, id=source_id).first()
    if signed != source_id or found is None:
        raise errors.Forbidden("signature: not valid for this source")
    if found.status != Status.SCHEDULED:
        raise errors.Forbidden(USED)
    return found


@transaction.atomic(using="memory")
def receive_file(source: KnowledgeSource, content: bytes, *, mime_type: str) -> None:
    """Keeps the uploaded file and has it read. Raises Invalid, Forbidden."""
    lock_account(source.base.account)
    source = KnowledgeSource.objects.get(pk=source.pk)
    if source.status != Status.SCHEDULED:
        raise errors.Forbidden(USED)
    known = source.settings
    if len(content) != known.get("fileSize", len(content)):
        raise errors.Invalid(f"fileSize: the file must have {known['fileSize']} bytes")
    if not 0 < len(content) <= source_wire.FILE_BYTES_MAX:
        raise errors.Invalid(
            f"fileSize: must be 1 to {source_wire.FILE_BYTES_MAX:,} bytes"
        )
    sent = mime_type.partition(";")[0].strip().lower()
    known["mimeType"] = known.get("mimeType") or sent
    if known["mimeType"] not in source_wire.MIME_TYPES.values():
        names = ", ".join(source_wire.MIME_TYPES)
        raise errors.Invalid(f"Content-Type: must be that of a {names} file")
    known["fileSize"] = len(content)
    source.upload_until = None
    source.save(update_fields=["settings", "upload_until"])
    _keep(source, content)


def read_text(source: KnowledgeSource) -> str:
    """Of a text source, what it says."""
    kept = KnowledgeContent.objects.of(source).first()
    return bytes(kept.content).decode() if kept else ""


def _check_name(account: Account, name: str) -> None:
    if KnowledgeBase.objects.filter(account=account, display_name=name).exists():
        raise _refuse("displayName: already in use in this account")


def _put_text(source: KnowledgeSource, text: str) -> bool:
    """Whether it says something new."""
    if not text.strip():
        raise _refuse("source.content: must have text")
    if read_text(source) == text:
        return False
    _keep(source, text.encode())
    return True


def _check_url(url: str) -> None:
    if not crawl.read_origin(url) or len(outgoing.as_sent(url)) > URL_MAX:
        wanted = f"a public https address of at most {URL_MAX} characters"
        raise _refuse(f"source.url: must be {wanted}")


def _put_site(source: KnowledgeSource, sent: SentWeb) -> bool:
    """Whether it is crawled anew."""
    before = source.settings
    source.settings = before | _to_settings(sent)
    if source.settings["url"] != before["url"]:
        raise _refuse("source.url: cannot be changed")
    if source.settings["crawlDepth"] != before["crawlDepth"]:
        request_reading(source)
        return True
    if source.settings != before and not source.is_waiting:
        source.due_at = crawl.get_due_at(source)
    source.save(update_fields=["settings", "due_at"])
    return False


def _keep(source: KnowledgeSource, content: bytes) -> None:
    KnowledgeContent.objects.of(source).delete()
    KnowledgeContent.objects.create(
        base_id=source.base_id, source_id=source.id, content=content
    )
    request_reading(source)


def _to_settings(sent: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(sent)
    return {name: value for name, value in found.items() if name != "type"}


def _refuse(message: str) -> errors.Invalid:
    return errors.Invalid(message, code=KnowledgeCode.INVALID)
