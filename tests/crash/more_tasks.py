"""What the worker reads for knowledge, and what it does by the clock or for a page that
waits: kinds of tests/crash/tasks.py, which imports them once Django is there."""

import io
import json
import os
import tempfile
from base64 import b64decode
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from django.conf import settings
from django.core.cache import cache
from django.db import connections, transaction
from django.utils import timezone

from console.audit.checkpoints import get_last_checkpoint, write_checkpoint
from console.audit.log import log
from console.audit.models import AuditCheckpoint, AuditEntry
from console.audit.verification import verify_log
from console.contract.knowledge.base import CreateKnowledgeBase
from console.contract.knowledge.source import CreateKnowledge, SentText, SentWeb
from console.databases.compaction import purge
from console.databases.encryption import decrypt
from console.pages.audit.proof import CHECK, check_log
from console.pages.keeping.views import build_package
from console.pages.recall.models import RecallSchedule
from console.pages.recall.suites import start_due_suites
from console.profiles.models import AccessPackage, RetentionRule
from console.profiles.retention import start_due_rules
from console.service.knowledge import crawl, sources
from console.service.knowledge.ingestion import parse_kept
from console.service.knowledge.models import (
    KnowledgeChunk,
    KnowledgePage,
    KnowledgeSource,
)
from console.service.memory.models import Observation
from console.service.models import Account
from console.tenants.actor import Actor
from tests.factories import make_items, make_profile, make_tenant
from tests.website import Website

PARAGRAPH = "Tent {} of batch {} can be returned within thirty days of its delivery. "
PAGES = 6


class Texts:
    """Texts become chunks with vectors; one is changed and read again."""

    def prepare(self, tenant: Any, trial: int) -> None:
        self.account, self.trial = Account.objects.get(pk=tenant.account_sid), trial
        name = f"{type(self).__name__}-{trial}"
        base = sources.create_base(self.account, CreateKnowledgeBase(display_name=name))
        self.base_id = base.id

    def add(self, name: str, sent: Any) -> str:
        body = CreateKnowledge(name=name, source=sent)
        return sources.create_source(self.account, self.base_id, body).id

    def ask(self) -> None:
        for number in range(3):
            text = "\n\n".join(PARAGRAPH.format(n, number) * 8 for n in range(60))
            last = self.add(f"Text {number}", SentText(content=text))
        sources.refresh_source(self.account, self.base_id, last)

    def expect(self, source: KnowledgeSource) -> list[str]:
        return [piece.content for each in parse_kept(source) for piece in each.pieces]

    def check(self) -> list[str]:
        wrong = []
        for source in KnowledgeSource.objects.filter(base_id=self.base_id):
            chunks = KnowledgeChunk.objects.of(source).order_by("document", "place")
            told = [(each.content, each.run, bool(each.model)) for each in chunks]
            wanted = [(text, source.run, True) for text in self.expect(source)]
            if (source.status, source.chunks) != ("COMPLETED", len(wanted)):
                wrong.append(f"{source.id}: {source.status}, {source.chunks} chunks")
            if told != wanted:
                wrong.append(f"{source.id}: {len(told)} chunks of {len(wanted)}")
        sources.delete_base(self.account, self.base_id)
        return wrong


class Crawls(Texts):
    """A web site of a few pages is read, one of which has moved."""

    def __init__(self) -> None:
        crawl.GAP_S = 0
        self.site = Website().__enter__()
        pages = [f"/page-{number}" for number in range(PAGES)]
        self.site.put("/", "All our tents.", "/old", *pages)
        self.site.move("/old", pages[-1])
        for path in pages:
            self.site.put(path, f"What {path} says of tents.", *pages)

    def prepare(self, tenant: Any, trial: int) -> None:
        super().prepare(tenant, trial)
        self.site.calls.clear()

    def ask(self) -> None:
        self.add("Site", SentWeb(url=f"{self.site.url}/", crawl_depth=2))

    def expect(self, source: KnowledgeSource) -> list[str]:
        pages = KnowledgePage.objects.of(source).exclude(state="MOVED")
        if Counter(pages.values_list("state", flat=True)) != {"READ": PAGES + 1}:
            return []
        return [
            piece["content"]
            for page in pages.order_by("place")
            for document in page.documents
            for piece in document["pieces"]
        ]


class Retention:
    """Half of what is known is too old, and goes by itself."""

    OLD = 30

    def prepare(self, tenant: Any, trial: int) -> None:
        RetentionRule.objects.all().delete()
        self.tenant = make_tenant(f"kept{os.urandom(6).hex()}")
        now = timezone.now()
        self.profiles = [make_profile(self.tenant) for _ in range(3)]
        self.mine = Observation.objects.filter(profile_id__in=self.profiles)
        for profile in self.profiles:
            make_items(self.tenant, profile, observations=self.OLD // 3)
        self.mine.update(created_at=now - timedelta(days=9))
        make_items(self.tenant, profile, observations=10)
        RetentionRule.objects.create(
            tenant=self.tenant, kind="observation", days=3, deletes_from=now, due_at=now
        )

    def ask(self) -> None:
        start_due_rules()

    def check(self) -> list[str]:
        applied = AuditEntry.objects.filter(
            action="retention.applied", tenant=self.tenant.slug
        )
        counts = [entry.details["count"] for entry in applied]
        if (self.mine.count(), sum(counts)) == (10, self.OLD):
            return []
        return [f"{self.mine.count()} left, {counts} gone by the log"]


class Suites:
    """A suite of recalls is due."""

    def prepare(self, tenant: Any, trial: int) -> None:
        profile = make_profile(tenant)
        make_items(tenant, profile, observations=5)
        self.suite = f"Suite {trial}"
        self.cases = tenant.recall_cases.filter(suite=self.suite)
        self.schedule = RecallSchedule.objects.create(
            tenant=tenant, suite=self.suite, every_hours=100, due_at=timezone.now()
        )
        for number in range(8):
            tenant.recall_cases.create(
                suite=self.suite,
                name=f"Case {number}",
                profile_id=profile,
                asked={"mode": "query", "query": f"fact {number}"},
                created_by=tenant.memberships.first().user,
            )

    def ask(self) -> None:
        start_due_suites()

    def check(self) -> list[str]:
        runs = [case.runs for case in self.cases]
        self.schedule.refresh_from_db()
        self.schedule.delete()
        if self.schedule.due_at > timezone.now() and runs == [[True]] * len(runs):
            return []
        return [f"{self.suite}: due {self.schedule.due_at}, runs {runs}"]


class Packages:
    """All that is held on a customer is packed for them."""

    def prepare(self, tenant: Any, trial: int) -> None:
        AccessPackage.objects.all().delete()
        self.tenant, self.profile = tenant, make_profile(tenant)
        make_items(tenant, self.profile, observations=60, summaries=20)

    def ask(self) -> None:
        with transaction.atomic():
            package = AccessPackage.objects.create(
                tenant=self.tenant,
                profile_id=self.profile,
                requested_by=self.tenant.memberships.first().user,
            )
            build_package.enqueue(str(package.pk))

    def check(self) -> list[str]:
        for package in AccessPackage.objects.all():
            content = b64decode(decrypt(package.content, context=package.context))
            with ZipFile(io.BytesIO(content)) as file:
                found = json.loads(file.read("everything.json"))
            counts = len(found["observations"]), len(found["summaries"])
            if counts != (60, 20):
                return [f"{package}: {counts}"]
        return []


class Receipts:
    """What is new in the audit log is signed, and a receipt of it sent out."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkstemp(prefix="crash-receipts-")[1])
        settings.AUDIT_RECEIPTS = [f"file:{self.place}"]

    def prepare(self, tenant: Any, trial: int) -> None:
        self.actor = Actor(None, tenant, name="worker")
        self.before = get_last_checkpoint()

    def ask(self) -> None:
        for _ in range(20):
            log(self.actor, "retention.applied", kind="observation", count=1)
        write_checkpoint.enqueue()

    def check(self) -> list[str]:
        receipts = [json.loads(line) for line in self.place.read_text().splitlines()]
        last = get_last_checkpoint()
        sizes = list(AuditCheckpoint.objects.values_list("size", flat=True))
        verdict = verify_log(receipts)
        if verdict.fault or len(sizes) != len(set(sizes)):
            return [f"{verdict}, checkpoints of {sizes}"]
        if last not in [self.before, *receipts]:
            return [f"the receipt of {last['size']} entries was not sent"]
        return []


class Checks:
    """A page has the whole log checked."""

    def prepare(self, tenant: Any, trial: int) -> None:
        self.actor = Actor(tenant.memberships.first().user, tenant, name="officer")

    def ask(self) -> None:
        intent = log(self.actor, "audit.verified", outcome="allowed")
        user, tenant = self.actor.in_tenant()
        check_log.enqueue([], user.pk, str(tenant.pk), intent.seq)

    def check(self) -> list[str]:
        entries = AuditEntry.objects.filter(action="audit.verified")
        begun = set(entries.filter(outcome="allowed").values_list("seq", flat=True))
        ended = [each.details["intent"] for each in entries.exclude(outcome="allowed")]
        found = cache.get(CHECK) or {}
        if set(ended) <= begun and len(ended) == len(set(ended)):
            return [] if not ended or "result" in found else ["the page waits on"]
        return [f"{begun} begun, {ended} ended"]


class Purges:
    """Both databases are rewritten."""

    def prepare(self, tenant: Any, trial: int) -> None:
        self.profile = make_profile(tenant)
        make_items(tenant, self.profile, observations=10)
        Observation.objects.filter(profile_id=self.profile, content="Fact 1").delete()

    def ask(self) -> None:
        purge.enqueue()

    def check(self) -> list[str]:
        wrong = []
        for alias in connections:
            if connections[alias].vendor != "sqlite":
                continue
            with connections[alias].cursor() as cursor:
                [(told,)] = cursor.execute("PRAGMA integrity_check").fetchall()
            wrong += [told] if told != "ok" else []
        left = Observation.objects.filter(profile_id=self.profile).count()
        return wrong + ([f"{left} left of 9"] if left != 9 else [])


KINDS = (Texts, Crawls, Retention, Suites, Packages, Receipts, Checks, Purges)
