"""The same for background tasks: `python -m tests.crash.tasks NAME COUNT [KIND...]`.

For each kind of task COUNT workers are killed at random moments, and now and then who
asks for the work: a page that deletes, an upload, a write. Then time passes, and
everything must have been done, once, with nothing left running.
"""

import multiprocessing
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from time import sleep
from typing import Any

from console.contract.memory.profile_import import ColumnMapping, CreateImport
from console.core.bootstrap import prepare_process

prepare_process()

import django  # noqa: E402
import msgspec  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.db.models import F  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402
from django_tasks_db.models import DBTaskResult, get_date_max  # noqa: E402

from console.audit.models import AuditEntry  # noqa: E402
from console.contract.conversations.communication import CreateCommunication  # noqa: E402
from console.contract.conversations.conversation import (  # noqa: E402
    CreateConversation,
    PatchConversation,
    PutConversation,
)
from console.jobs import leases  # noqa: E402
from console.pages.deletions.certificates import check_certificate  # noqa: E402
from console.pages.deletions.inventory import take_inventory  # noqa: E402
from console.pages.deletions.models import Deletion, DeletionPolicy  # noqa: E402
from console.pages.deletions.services import (  # noqa: E402
    Target,
    delete_item,
    open_request,
    submit,
)
from console.profiles.items import OBSERVATION, PROFILE  # noqa: E402
from console.service.conversations import communications, conversations, webhooks  # noqa: E402
from console.service.conversations.models import (  # noqa: E402
    Communication,
    Delivery,
    Learned,
    Transition,
)
from console.service.knowledge.models import KnowledgeSource, WebHost  # noqa: E402
from console.service.memory import embedding_jobs, imports  # noqa: E402
from console.service.memory.embedding_jobs import embed_query  # noqa: E402
from console.service.memory.models import (  # noqa: E402
    Identifier,
    ImportChunk,
    IndexEntry,
    Observation,
    Profile,
    ProfileImport,
    Store,
    Summary,
)
from console.service.models import Account  # noqa: E402
from console.tenants.actor import Actor  # noqa: E402
from console.tenants.models import Role  # noqa: E402
from tests.crash import more_tasks  # noqa: E402
from tests.factories import make_items, make_profile, make_tenant, make_user  # noqa: E402
from tests.receiver import Receiver  # noqa: E402
from tests.scripted_model import ScriptedModel, read_rows  # noqa: E402

OBSERVATIONS, ROWS, TURNS = 20, 200, 10
NAMES = [str(number) for number in range(20)]
LATER = timedelta(minutes=30)


class Deletions:
    """A page deletes observations, one after another."""

    def prepare(self, tenant: Any, trial: int) -> None:
        self.profile = make_profile(tenant)
        make_items(tenant, self.profile, observations=OBSERVATIONS)
        found = Observation.objects.filter(profile_id=self.profile)
        self.ids = list(found.values_list("id", flat=True))
        self.actor = Actor(tenant.memberships.get().user, tenant, Role.OFFICER)

    def ask(self) -> None:
        facts = {"counts": {}, "reason_code": "test_record", "reason": "Killed"}
        for id_ in self.ids:
            delete_item(Target(OBSERVATION, self.profile, id_), self.actor, **facts)

    def check(self) -> list[str]:
        left = set(Observation.objects.values_list("id", flat=True))
        wrong = []
        for row in Deletion.objects.filter(object_id__in=self.ids):
            entries = AuditEntry.objects.filter(object_id=row.object_id)
            outcomes = list(entries.values_list("outcome", flat=True))
            if not row.finished_at or (row.state == "done") == (row.object_id in left):
                wrong.append(f"{row}: {row.state}")
            if outcomes != [row.state]:
                wrong.append(f"{row}: {row.state}, entries {outcomes}")
        return wrong


class Requests(Deletions):
    """A whole profile is deleted by a request of one person."""

    def prepare(self, tenant: Any, trial: int) -> None:
        super().prepare(tenant, trial)
        policy = {"approval_above": None, "cool_off_hours": 0}
        DeletionPolicy.objects.update_or_create(tenant=tenant, defaults=policy)

    def ask(self) -> None:
        target = Target(PROFILE, self.profile, self.profile)
        found = take_inventory([target], self.actor)
        facts = {"channel": "letter", "identity_proof": "document"}
        facts |= {"reason_code": "test_record", "received_on": timezone.now().date()}
        asked, _ = open_request(found, self.actor, ticket="KILL-1", **facts)
        submit(asked, self.actor, found.digest)

    def check(self) -> list[str]:
        asked = Deletion.objects.filter(object_id=self.profile).first()
        entries = AuditEntry.objects.filter(object_id=self.profile)
        ends = Counter(entries.values_list("action", "outcome"))
        is_there = Profile.objects.filter(id=self.profile).exists()
        if asked is None or asked.state == Deletion.State.PREVIEWED:
            return [] if is_there else ["deleted although nobody confirmed it"]
        once = [ends["profile.deleted", "done"], ends["deletion.finished", "done"]]
        if is_there or asked.state != Deletion.State.DONE or once != [1, 1]:
            return [f"{asked}: {asked.state}, {dict(ends)}"]
        check_certificate(asked.certificate)
        return []


class Imports:
    """A file is uploaded, every tenth row of which is refused."""

    def prepare(self, tenant: Any, trial: int) -> None:
        self.domain = f"t{trial}.example.com"
        rows = [
            f"{number}@{self.domain}," if number % 10 else f",{number}"
            for number in range(ROWS)
        ]
        self.content = "\n".join(["Mail,First", *rows]).encode()
        columns = {"Mail": "email", "First": "firstName"}
        self.row = imports.create_import(
            Store.objects.get(pk=tenant.store_id),
            CreateImport(
                filename="x.csv",
                file_size=len(self.content),
                column_mappings=[
                    ColumnMapping(
                        column_name=column, trait_group="Contact", trait_name=trait
                    )
                    for column, trait in columns.items()
                ],
            ),
        )

    def ask(self) -> None:
        imports.receive_file(self.row, [self.content])

    def check(self) -> list[str]:
        self.row.refresh_from_db()
        mails = Identifier.objects.filter(value__endswith=f"@{self.domain}")
        found = (
            self.row.status,
            self.row.errors,
            mails.count(),
            mails.values("profile_id").distinct().count(),
            ImportChunk.objects.filter(import_id=self.row.id).count(),
        )
        done = ("COMPLETED", ROWS // 10, ROWS - ROWS // 10, ROWS - ROWS // 10, 0)
        # Killed before the upload was answered: nothing of it is there.
        if found in (done, ("PENDING", 0, 0, 0, 0)):
            return []
        return [f"import {self.row.id}: {found}"]


class Vectors:
    """Observations are written, whose vectors the worker makes."""

    def prepare(self, tenant: Any, trial: int) -> None:
        self.tenant, self.profile = tenant, make_profile(tenant)

    def ask(self) -> None:
        make_items(self.tenant, self.profile, observations=100)

    def check(self) -> list[str]:
        entries = IndexEntry.objects.filter(profile_id=self.profile)
        written = Observation.objects.filter(profile_id=self.profile).count()
        lengths = Counter(len(entry.vector) for entry in entries.exclude(model=""))
        if len(lengths) <= 1 and sum(lengths.values()) == entries.count() == written:
            return []
        return [f"{self.profile}: {written} observations, vectors {dict(lengths)}"]


class Webhooks:
    """A conversation is opened and spoken in, of which a callback is told."""

    def __init__(self) -> None:
        self.receiver = Receiver()

    def prepare(self, tenant: Any, trial: int) -> None:
        self.account = Account.objects.get(pk=tenant.account_sid)
        self.opening = msgspec.convert(
            {
                "configuration": {
                    "memoryStoreId": tenant.store_id,
                    "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
                    "statusCallbacks": [{"url": self.receiver.url}],
                }
            },
            CreateConversation,
        )
        Delivery.objects.all().delete()
        self.receiver.calls.clear()

    def ask(self) -> None:
        opened = conversations.create_conversation(self.account, self.opening)
        for name in NAMES:
            change = PatchConversation(name=name)
            conversations.patch_conversation(self.account, opened.id, change)

    def check(self) -> list[str]:
        written = list(Delivery.objects.order_by("number"))
        tokens = [c.headers["I-Twilio-Idempotency-Token"] for c in self.receiver.calls]
        wrong = [str(row) for row in written if row.delivered_at is None]
        if list(dict.fromkeys(tokens)) != [row.id for row in written]:
            wrong.append(f"{len(written)} written, {len(set(tokens))} told, or not so")
        return wrong


class Conversations:
    """A conversation rests and is learned from; then late words come, some of which
    correct earlier ones, and it is closed."""

    def __init__(self) -> None:
        self.told = Path(tempfile.mkstemp(prefix="crash-told-")[1])

    def prepare(self, tenant: Any, trial: int) -> None:
        self.account = Store.objects.get(pk=tenant.store_id).account
        self.trial = trial
        body = {
            "configuration": {
                "memoryStoreId": tenant.store_id,
                "conversationGroupingType": "GROUP_BY_PROFILE",
                "memoryExtractionEnabled": True,
            },
            "participants": [
                {
                    "type": "CUSTOMER",
                    "addresses": [{"channel": "CHAT", "address": f"customer-{trial}"}],
                }
            ],
        }
        row = conversations.create_conversation(
            self.account, msgspec.convert(body, CreateConversation)
        )
        self.id = row.id
        self.told.write_text("")
        for number in range(TURNS):
            self.say(number, "first")
        self.turn("INACTIVE")

    def say(self, number: int, version: str) -> None:
        """Remembered once it was answered."""
        text = f"I ordered the {version} thing number {self.trial}x{number} in Bergen."
        body = {
            "author": {"channel": "CHAT", "address": f"customer-{self.trial}"},
            "content": {"type": "TEXT", "text": text},
            "recipients": [{"channel": "CHAT", "address": "shop"}],
            "resourceId": f"piece-{number}",
        }
        communications.create_communication(
            self.account, self.id, msgspec.convert(body, CreateCommunication)
        )
        with self.told.open("a") as told:
            told.write(f"{text}\n")

    def turn(self, status: Any) -> None:
        row = conversations.get_conversation(self.account, self.id)
        if row.status != "CLOSED":
            body = PutConversation(status=status)
            conversations.put_conversation(self.account, self.id, body)

    def ask(self) -> None:
        for number in range(0, 2 * TURNS, 2):
            self.say(number, "second")
            if number == TURNS:
                self.turn("INACTIVE")
        self.turn("CLOSED")

    def check(self) -> list[str]:
        self.turn("CLOSED")
        work()
        said = Communication.objects.filter(conversation_id=self.id)
        learned = Learned.objects.filter(conversation_id=self.id)
        [profile] = set(learned.values_list("profile_id", flat=True))
        known = Observation.objects.filter(profile_id=profile)
        wrong = []
        for row in said:
            found = [item for item in known if row.text in item.content]
            if len(found) != 1 or row.learned_revision != row.revision:
                wrong.append(f"{row.text} learned {len(found)} times")
        texts = set(said.values_list("text", flat=True))
        for text in self.told.read_text().splitlines():
            corrected = text.replace("first", "second")
            if not {text, corrected} & texts:
                wrong.append(f"{text} was answered, and is lost")
        counts = known.count(), said.count()
        added = learned.filter(kind=Observation.kind, outcome="added").count()
        if counts != (added, added):
            wrong.append(f"{counts} observations and turns, {added} added")
        summaries = Summary.objects.filter(conversation_id=self.id).count()
        if summaries != 1:
            wrong.append(f"{summaries} summaries")
        ended = Transition.objects.filter(conversation_id=self.id)
        if left := ended.exclude(learning__in=("", "DONE")).count():
            wrong.append(f"{left} transitions that nobody learned from")
        return wrong


class ConversationsByModel(Conversations):
    """The same, with a chat model that makes a fact of each new turn."""

    def prepare(self, tenant: Any, trial: int) -> None:
        if trial == 1:
            model = ScriptedModel()
            model.script = [self.answer]
            settings.MEMORY_EXTRACTOR = "model"
            settings.MODEL_URL, settings.MODEL_NAME = model.url, "tiny"
        # Other customers than those of the kind before.
        super().prepare(tenant, trial + 10_000)

    @staticmethod
    def answer(call: Any) -> Any:
        rows = read_rows(call)
        if "fact" in rows[0]:
            return {"decisions": []}
        facts = [
            {"text": row["text"], "turns": [row["turn"]], "about": "customer"}
            for row in rows
            if row["new"] and row["role"] == "customer"
        ]
        return {"facts": facts, "summary": "The customer ordered things in Bergen."}

    def check(self) -> list[str]:
        without = Transition.objects.filter(conversation_id=self.id, learning="DONE")
        without = without.exclude(error="")
        return super().check() + [f"{row}: {row.error}" for row in without]


KINDS = (
    Deletions,
    Requests,
    Imports,
    Vectors,
    Webhooks,
    Conversations,
    ConversationsByModel,
    *more_tasks.KINDS,
)


def fork(act: Callable[[], object]) -> Any:
    """A process of its own that does one thing."""
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(target=act)
    process.start()
    return process


def end(process: Any) -> bool:
    """Wait for it; False if it ended by itself."""
    process.join()
    if process.exitcode not in {0, -signal.SIGKILL}:
        sys.exit("a process failed by itself")
    return bool(process.exitcode)


def kill_within(process: Any, seconds: float, dice: random.Random) -> bool:
    """False if it had ended before."""
    sleep(dice.uniform(0, seconds))
    process.kill()
    return end(process)


def work() -> None:
    leases.BEAT_S = 0.05  # so that some are killed in the middle of a sweep
    options = ("--batch", "--no-startup-delay", "--no-reload")
    call_command("db_worker", *options, worker_id=os.urandom(8).hex(), verbosity=0)


def let_time_pass() -> None:
    """As if half an hour had gone by since the last kill."""
    long_ago = timezone.now() - LATER
    Deletion.objects.filter(finished_at=None).update(created_at=long_ago)
    # Not to long ago: those that are done are looked at again after a day.
    Deletion.objects.exclude(due_at=None).update(due_at=F("due_at") - LATER)
    ProfileImport.objects.filter(status="PROCESSING").update(updated_at=long_ago)
    waiting = DBTaskResult.objects.filter(status="READY")
    waiting.exclude(run_after=get_date_max()).update(run_after=long_ago)
    now = timezone.now() + LATER
    leases.fail_lost_tasks(now)
    leases.retry_failed_tasks(now + LATER)
    embedding_jobs._asked_until = 0.0
    Delivery.objects.exclude(due_at=None).update(due_at=long_ago)
    webhooks.restart_deliveries()
    Transition.objects.exclude(lease_until=None).update(lease_until=long_ago)
    waiting = KnowledgeSource.objects.filter(status__in=KnowledgeSource.WAITING)
    waiting.update(updated_at=long_ago)
    WebHost.objects.update(free_at=long_ago)
    for path in [*settings.DUE_WORK, *settings.LOST_WORK]:
        import_string(path)()


class Trials:
    """One kind of task, until `count` workers were killed."""

    def __init__(self, kind: Any, tenant: Any, dice: random.Random) -> None:
        self.kind, self.tenant, self.dice = kind, tenant, dice
        self.kills = Counter({"asking": 0, "working": 0, "in a task": 0})
        # How long it may take until the kill: shorter after each that came too late.
        self.seconds = {"asking": 0.5, "working": 0.5}
        self.trial = 0

    def run(self, count: int) -> list[str]:
        while self.kills["working"] < count:
            self.begin()
            asking = fork(self.kind.ask)
            if self.dice.random() < 0.5:
                self.kill("asking", asking)
            else:
                end(asking)
            for _ in range(self.dice.randint(2, leases.TRIES - 1)):
                let_time_pass()
                self.kill("working", fork(work))
                self.kills["in a task"] += DBTaskResult.objects.running().exists()
            if wrong := self.finish():
                return wrong
        return []

    def kill(self, what: str, process: Any) -> None:
        killed = kill_within(process, self.seconds[what], self.dice)
        self.seconds[what] *= 1.1 if killed else 0.9
        self.kills[what] += killed

    def begin(self) -> None:
        self.trial += 1
        self.kind.prepare(self.tenant, self.trial)

    def finish(self) -> list[str]:
        """What does not hold once workers live again."""
        stuck = DBTaskResult.objects.exclude(status="SUCCESSFUL")
        # A worker's last beat may ask for a task after its last look for one: the next
        # worker does it. What twenty of them leave is stuck.
        for lives in range(1, 21):
            let_time_pass()
            work()
            if lives >= 5 and not stuck.exists():
                break
        wrong = [f"{task.task_path} is {task.status}" for task in stuck.all()]
        leases.prune(timezone.now() + LATER)
        return wrong + self.kind.check()


def main(name: str, count: int, *kinds: str) -> int:
    call_command("prepare", stdout=StringIO())
    tenant = make_tenant(f"crash{os.urandom(4).hex()}")
    make_user(Role.OFFICER, tenant)
    embed_query("ready")  # loaded once, before anything is forked
    dice = random.Random(4711)
    # The shortest form kills each kind on one of the two databases.
    here = KINDS if count > 1 or kinds else KINDS[name == "PostgreSQL" :: 2]
    for kind in here:
        if kinds and kind.__name__ not in kinds:
            continue
        trials = Trials(kind(), tenant, dice)
        wrong = trials.run(count)
        if wrong:
            print(f"{name}, {kind.__name__}, trial {trials.trial}:", *wrong, sep="\n  ")
            return 1
        kills = ", ".join(f"{number} {where}" for where, number in trials.kills.items())
        print(f"{name}: {kind.__name__} killed: {kills}; all done, once", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
