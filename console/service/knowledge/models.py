"""The tables of knowledge: what a business publishes, of no customer. They belong to an
account, for a base can serve several stores.

A source is read as a whole: its pieces get the number of a run, and are found once the
source names that run. Until then those of the run before are, and a run that dies leaves
nothing that is found.
"""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.utils import timezone

from console.contract.base import URL_MAX
from console.contract.knowledge.base import BASE_DESCRIPTION_MAX, BASE_NAME_MAX
from console.contract.knowledge.chunk import CHUNK_TITLE_MAX
from console.contract.knowledge.source import SOURCE_DESCRIPTION_MAX, SOURCE_NAME_MAX
from console.service.models import Account, Row, check_length


class Superseded(Exception):
    """The source is gone, or is to be read anew."""


class KnowledgeBase(models.Model):
    """version        1, and one more with each change
    content_version  one more whenever what is found changes
    Knowledge 6.1.
    """

    status = "ACTIVE"

    id = models.CharField(primary_key=True, max_length=45)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    display_name = models.CharField(max_length=BASE_NAME_MAX)
    description = models.CharField(max_length=BASE_DESCRIPTION_MAX, blank=True)
    version = models.PositiveIntegerField(default=1)
    content_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "display_name"],
                name="knowledge_base_name_in_account",
            ),
            check_length(
                "knowledge_base_name_1_to_64", "display_name", 1, BASE_NAME_MAX
            ),
        ]

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """With everything in it."""
        for table in PARTS:
            table.objects.filter(base_id=self.id).delete()
        return super().delete(*args, **kwargs)


class KnowledgeSource(models.Model):
    """One text, file or web site of a base. Knowledge 6.2.

    settings    as the contract has them, without a text: url, crawlDepth, crawlPeriod;
                fileName, fileSize, mimeType
    errors      of a crawl, as the contract has them
    failure     why it is FAILED, in words for its owner
    run         whose chunks are found; 0: none yet
    asked_run   of the newest reading: one more with each that is asked for, and when one
                begins to write
    upload_until  of a file that has not come
    read_at     when the run that is found was made
    due_at      when a web site is read again
    """

    class Kind(models.TextChoices):
        WEB = "Web"
        TEXT = "Text"
        FILE = "File"

    class Status(models.TextChoices):
        SCHEDULED = "SCHEDULED"
        QUEUED = "QUEUED"
        PROCESSING = "PROCESSING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"

    WAITING = (Status.QUEUED, Status.PROCESSING)

    id = models.CharField(primary_key=True, max_length=42)
    base = models.ForeignKey(KnowledgeBase, models.CASCADE, related_name="sources")
    name = models.CharField(max_length=SOURCE_NAME_MAX)
    description = models.CharField(max_length=SOURCE_DESCRIPTION_MAX, blank=True)
    kind = models.CharField(max_length=4, choices=Kind)
    status = models.CharField(max_length=10, choices=Status)
    settings = models.JSONField(default=dict)
    errors = models.JSONField(default=list)
    failure = models.CharField(max_length=500, blank=True)
    run = models.PositiveIntegerField(default=0)
    asked_run = models.PositiveIntegerField(default=0)
    chunks = models.PositiveIntegerField(default=0)
    upload_until = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["status", "updated_at"], name="knowledge_source_by_status"
            ),
            models.Index(fields=["due_at"], name="knowledge_source_by_due"),
        ]

    @property
    def is_waiting(self) -> bool:
        return self.status in self.WAITING

    def touch(self, **fields: Any) -> None:
        """Of a reading, that it lives and what came of it. Raises Superseded."""
        fields["updated_at"] = timezone.now()
        same = KnowledgeSource.objects.filter(
            pk=self.pk, asked_run=self.asked_run, status__in=self.WAITING
        )
        if not same.update(**fields):
            KnowledgeChunk.objects.of(self).filter(run=self.asked_run).delete()
            raise Superseded
        for name, value in fields.items():
            setattr(self, name, value)


class BaseQuerySet(models.QuerySet[Any]):
    def of(self, source: KnowledgeSource) -> Self:
        return self.filter(base_id=source.base_id, source_id=source.id)


class BaseScoped(Row):
    """A row that belongs to one source of one base and is deleted with either."""

    base_id = models.CharField(max_length=45)
    source_id = models.CharField(max_length=42)

    objects = BaseQuerySet.as_manager()

    class Meta:
        abstract = True


class KnowledgeContent(BaseScoped):
    """The text, in UTF-8, or the file that a source was given."""

    pk = models.CompositePrimaryKey("base_id", "source_id")
    content = models.BinaryField()


class KnowledgeChunk(BaseScoped):
    """A piece of a document. Knowledge 6.4.

    document        number of its document in the run
    place           its number in the document
    number          page of a PDF, from 1
    question        of a row of questions and answers: found by it alone, too
    terms, vector   packed as engine/texts.py has them; question_terms and
                    question_vector of the question
    model           that made the vectors; "" for none
    """

    pk = models.CompositePrimaryKey("base_id", "source_id", "run", "document", "place")
    run = models.PositiveIntegerField()
    document = models.PositiveIntegerField()
    place = models.PositiveIntegerField()
    title = models.CharField(max_length=CHUNK_TITLE_MAX, blank=True)
    url = models.CharField(max_length=URL_MAX, blank=True)
    number = models.PositiveIntegerField(null=True)
    content = models.TextField()
    question = models.TextField(blank=True)
    terms = models.BinaryField()
    vector = models.BinaryField(default=b"")
    question_terms = models.BinaryField(default=b"")
    question_vector = models.BinaryField(default=b"")
    model = models.CharField(max_length=40, blank=True)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField()


class KnowledgePage(BaseScoped):
    """A page of a web site, as the last crawl found it.

    state      OLD: the crawl that runs has not come to it
    place      its number in the crawl
    depth      how many links it is from the source's address
    hops       how many redirects in a row led to it
    code, error  why it was not read, the latter in words
    etag, modified, digest  by which it is known that it has not changed
    documents  as the parser has them; of a page that failed those of before
    chunks     in them
    links      of its host; of one that has moved, where to
    """

    class State(models.TextChoices):
        OLD = "OLD"
        WAITING = "WAITING"
        READ = "READ"
        MOVED = "MOVED"
        FAILED = "FAILED"

    pk = models.CompositePrimaryKey("base_id", "source_id", "url")
    url = models.CharField(max_length=URL_MAX)
    state = models.CharField(max_length=7, choices=State)
    place = models.PositiveIntegerField()
    depth = models.PositiveSmallIntegerField()
    hops = models.PositiveSmallIntegerField(default=0)
    code = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    etag = models.CharField(max_length=200, blank=True)
    modified = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    documents = models.JSONField(default=list)
    chunks = models.PositiveIntegerField(default=0)
    links = models.JSONField(default=list)


class WebHost(models.Model):
    """Whom crawls call, whosever they are.

    origin     as outgoing.read_origin has it
    free_at    when it may be called again
    robots, robots_at  its robots.txt, and when it was read
    """

    origin = models.CharField(primary_key=True, max_length=URL_MAX)
    free_at = models.DateTimeField()
    robots = models.TextField(blank=True)
    robots_at = models.DateTimeField(null=True)


PARTS = (KnowledgeChunk, KnowledgeContent, KnowledgePage)
