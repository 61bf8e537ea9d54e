"""From a plan to a client who is live: what is there is looked at, compared with the plan,
and what is missing is done in its order. The page and the command both go this way.

A process that dies anywhere loses nothing: the next look sees what was done.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from msgspec.structs import replace

from console.audit.log import log, log_change
from console.audit.signing import digest_document, sign
from console.client.network import EMBEDDED, check_address
from console.core.unicode import find_alike
from console.databases.encryption import encrypt
from console.monitoring import drift
from console.monitoring import models as kept
from console.monitoring.nightly import examine
from console.pages.onboarding.models import Onboarding
from console.pages.onboarding.plan import Plan, PlanRefused
from console.pages.onboarding.steps import (
    STEPS,
    Bench,
    Facts,
    Step,
    StepRefused,
    get_secret,
)
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.services import TenantTaken, check_available
from console.tenants.vault import find_dialect, read_token

SHEET = "memory-console/go-live/1"
# Longer, and a person looks why.
PATIENCE = timedelta(minutes=6)
# Of a process that was killed: longer than one step takes.
HELD_FOR = timedelta(seconds=30)


class Busy(StepRefused, title="Somebody goes on with it", field="slug"):
    pass


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that the plan wants; `was` is "" where there is nothing."""

    name: str
    was: str
    will: str

    @property
    def kind(self) -> str:
        if self.was == self.will:
            return "there"
        return "changed" if self.was else "added"

    def __str__(self) -> str:
        """A line of a diff."""
        was = f"{self.was} -> " if self.was else ""
        return f"{'~' if was else '+'} {self.name}: {was}{self.will}"


@dataclass(frozen=True, slots=True)
class Seen:
    """A step as it stands.

    state    done, next, later, or none: the plan says nothing of it
    facts    what it asks for
    outcome  of Onboarding.outcomes
    lacking  why what the plan says is not asked for, and what to do
    """

    step: Step
    state: str
    facts: list[Change]
    outcome: dict[str, Any]
    lacking: str

    @property
    def wants(self) -> Facts:
        return {fact.name: fact.will for fact in self.facts}

    @property
    def changes(self) -> list[Change]:
        """What is not there yet."""
        return [fact for fact in self.facts if fact.kind != "there"]

    @property
    def at(self) -> datetime | None:
        """When it was found done."""
        at = self.outcome.get("at")
        return datetime.fromisoformat(at) if at else None

    @property
    def waits(self) -> bool:
        """The memory has been asked, and is not ready."""
        return "begun" in self.outcome and self.at is None

    @property
    def is_late(self) -> bool:
        began = datetime.fromisoformat(self.outcome["begun"]) if self.waits else None
        return bool(began and timezone.now() - began > PATIENCE)


def look_at(row: Onboarding, step: Step, b: Bench) -> Seen:
    """As if it were the only one: nothing is later."""
    there = step.look(b)
    facts = [Change(k, there.get(k, ""), will) for k, will in step.want(b).items()]
    is_done = all(fact.kind == "there" for fact in facts)
    state = ("done" if is_done else "next") if facts else "none"
    outcome = row.outcomes.get(step.name, {})
    return Seen(step, state, facts, outcome, step.find_lacking(b))


def look(row: Onboarding) -> Iterator[Seen]:
    """Each step, in its order. Raises MemoryProblem."""
    b, is_next = Bench(row), True
    for step in STEPS:
        seen = look_at(row, step, b)
        if seen.state == "next":
            yield seen if is_next else dataclasses.replace(seen, state="later")
            is_next = False
        else:
            yield seen


@contextmanager
def hold(row: Onboarding) -> Iterator[None]:
    """For one alone, as others have left it. Raises Busy, TenantTaken."""
    rows, now = Onboarding.objects.filter(pk=row.pk), timezone.now()
    free = rows.filter(Q(held_until=None) | Q(held_until__lt=now))
    if not free.update(held_until=now + HELD_FOR):
        raise Busy(
            f"{row.slug} is set up by another run or page at this moment. Nothing was "
            "changed by this one: wait until that is done."
        )
    try:
        row.refresh_from_db()
        refuse_removed(row)
        yield
    finally:
        rows.filter(held_until=row.held_until).update(held_until=None)


def refuse_removed(row: Onboarding) -> None:
    if row.live_at and row.tenant and row.tenant.removed_at:
        raise TenantTaken(
            f"{row.slug} was live, and was removed from this console: it is not set up "
            "again. Give another client another slug.",
            field="slug",
        )


def hold_on(row: Onboarding) -> None:
    row.held_until = timezone.now() + HELD_FOR
    row.save(update_fields=["held_until"])


def advance(row: Onboarding, by: Actor) -> Step | None:
    """Do the first step that is missing: never another one. The step, done or waiting
    for the memory; None when all is as the plan says. Raises DomainError."""
    for seen in look(row):
        keep_found(row, seen, by)
        if seen.state == "next":
            do_step(row, seen.step, by)
            return seen.step
    return None


def do_step(row: Onboarding, step: Step, by: Actor) -> None:
    b = Bench(row)
    # First: what is killed from here on is known not to have been there.
    begun = {"before": step.look(b), "begun": timezone.now().isoformat()}
    was = row.outcomes.get(step.name, {})
    row.outcomes[step.name] = begun | was
    row.save(update_fields=["outcomes"])
    # To wait for what was asked for is no act.
    waits = was and step.leaves_nothing
    with nullcontext() if waits else log_act(row, "onboarding.step", step, by):
        step.apply(b, step.want(b), by)
    if not look_at(row, step, Bench(row)).changes:
        keep_outcome(row, step, by)


def keep_found(row: Onboarding, seen: Seen, by: Actor) -> Seen:
    """With when it was found done: never begun, it was there before."""
    if seen.state != "done" or "at" in seen.outcome:
        return seen
    row.outcomes.setdefault(seen.step.name, {"before": seen.wants})
    keep_outcome(row, seen.step, by)
    return dataclasses.replace(seen, outcome=row.outcomes[seen.step.name])


def keep_outcome(row: Onboarding, step: Step, by: Actor) -> None:
    now, who = timezone.now().isoformat(), by.user.name if by.user else by.name
    row.outcomes[step.name] |= {"at": now, "by": who}
    row.save(update_fields=["outcomes"])


def find_undoable(row: Onboarding) -> Step | None:
    """The last step that was begun and leaves something: taken back before the others."""
    begun = [s for s in STEPS if "begun" in row.outcomes.get(s.name, {})]
    left = [step for step in begun if not step.leaves_nothing]
    return left[-1] if left and not row.live_at else None


def undo(row: Onboarding, by: Actor) -> Step | None:
    """Take the last step back, and what was found out after it. Raises DomainError."""
    if step := find_undoable(row):
        with log_act(row, "onboarding.undone", step, by):
            step.undo(Bench(row), row.get_before(step.name) or {}, by)
        kept = STEPS[: STEPS.index(step)]
        names = [each.name for each in kept]
        row.outcomes = {k: v for k, v in row.outcomes.items() if k in names}
        row.save(update_fields=["outcomes"])
    return step


def log_act(row: Onboarding, action: str, step: Step, by: Actor) -> Any:
    return log_change(by, action, row, client=row.slug, step=step.name)


def go_live(row: Onboarding, by: Actor) -> None:
    """Sign the sheet, if all is green at this moment. Raises StepRefused."""
    if row.live_at:
        return
    seen = [keep_found(row, each, by) for each in look(row)]
    if missing := [each.step.words["title"] for each in seen if each.changes]:
        raise StepRefused(
            f"Not as the plan says: {', '.join(missing)}. Nothing is live."
        )
    tenant = Bench(row).added
    now = timezone.now()
    drift.look(tenant)  # what is changed from now on is seen
    document = {
        "kind": SHEET,
        "client": tenant.name,
        "tenant": tenant.slug,
        "memory": tenant.memory_label,
        "account": tenant.account_sid,
        "store": tenant.store_id,
        "plan": digest_document(row.plan),
        "steps": {
            each.step.name: {
                "facts": each.wants,
                "at": f"{each.at:%-d %b %Y, %H:%M:%S} UTC" if each.at else "",
                "by": each.outcome.get("by", ""),
            }
            for each in seen
            if each.state == "done"
        },
        "doubts": tell_doubts(tenant),
        "segment": tell_segment(next(s for s in seen if s.step.name == "segment")),
        "at": now.isoformat(timespec="seconds"),
        "by": by.user.email if by.user else f"{by.name} {by.key}".strip(),
    }
    with transaction.atomic():
        log(by, "onboarding.live", row, client=row.slug)
        # After the entry, which others wait for: one sheet, whoever presses twice.
        live = Onboarding.objects.filter(pk=row.pk, live_at=None)
        live.update(live_at=now, sheet=sign(document), encrypted_token="")
        examine.enqueue(str(tenant.pk), now.isoformat())
    row.refresh_from_db()


def tell_doubts(tenant: Tenant) -> str:
    """What the doctor found last that fails nothing."""
    found = kept.latest([tenant])[tenant.pk].get(kept.Kind.DOCTOR)
    return found.facts["words"] if found else ""


def tell_segment(seen: Seen) -> str:
    is_there = "none" if seen.state == "none" else "set up, and an event arrived"
    return seen.lacking or is_there


def read_secret(sid: str, address: str) -> str:
    """The token of an account, as a tenant or another onboarding has it; "" if none."""
    same = [address, settings.MEMORY_URL] if not address else [address]
    fields: dict[str, Any] = {"account_sid": sid, "address__in": same}
    tenants = Tenant.objects.filter(**fields).exclude(encrypted_token="")
    if tenant := tenants.order_by("-created_at").first():
        return read_token(tenant)
    rows = Onboarding.objects.filter(**fields).exclude(encrypted_token="")
    row = rows.order_by("-begun_at").first()
    return get_secret(row) if row else ""


def draft(plan: Plan, *, secret: str = "", tenant: Tenant | None = None) -> Onboarding:
    """What `begin` would keep; nothing is kept. Raises PlanRefused, MemoryProblem.

    tenant  one who was there before there were plans
    """
    address = check_address(plan.address) if plan.address else ""
    plan = replace(plan, address="" if address == settings.MEMORY_URL else address)
    if plan.opens and settings.MEMORY_URL != EMBEDDED:
        raise PlanRefused("only the built-in memory opens an account.", field="opens")
    if tenant and plan.account != tenant.account_sid:
        words = f"{tenant.slug} is a tenant with another one."
        raise PlanRefused(words, field="account")
    given_up = Onboarding.objects.filter(slug=plan.slug, given_up_at__isnull=False)
    row = given_up.first() or Onboarding(slug=plan.slug, tenant=tenant)
    row.address, row.account_sid = plan.address, plan.account or f"AC{row.pk.hex}"
    row.keep_plan(plan)
    if plan.account and not tenant:
        secret = secret or read_secret(plan.account, plan.address)
        if not secret:
            words = "its auth token is not known here."
            raise PlanRefused(words, field="account")
        where = plan.address or settings.MEMORY_URL
        row.dialect = find_dialect(
            lambda account: account.list_stores(page_size=1),
            where,
            username=plan.account,
            secret=secret,
        )
        if not row.dialect:
            raise PlanRefused("no memory of either API is there.", field="address")
        row.encrypted_token = encrypt(secret, context=row.token_context)
    return row


def begin(
    plan: Plan, by: Actor, *, secret: str = "", tenant: Tenant | None = None
) -> Onboarding:
    """Take the name for this client: of two at the same moment, one has it. Nothing is
    written to a memory. Raises TenantTaken, PlanRefused, MemoryProblem."""
    row = draft(plan, secret=secret, tenant=tenant)
    with transaction.atomic():
        # The entry first: it locks the log's head, so that of two who begin at the same
        # moment the second one sees what the first has taken.
        log(by, "onboarding.begun", row, client=plan.slug)
        rows = Onboarding.objects.filter(slug=plan.slug, given_up_at=None)
        if other := rows.first():
            is_what = "live" if other.live_at else "being onboarded"
            raise TenantTaken(f"{plan.slug} is {is_what} already.", field="slug")
        check_free(plan.name, plan.slug, row, row.tenant)
        row.begun_by, row.given_up_at = by.user, None
        row.save()
    return row


def check_free(
    name: str, slug: str, own: Onboarding | None = None, tenant: Tenant | None = None
) -> None:
    """Raises TenantTaken for a name that is another's or looks like one."""
    check_available(slug=slug, name=name, renamed=tenant)
    for other in Onboarding.objects.under_way():
        if other == own:
            continue
        taken = other.read_plan()
        for field, wanted, held in (
            ("slug", slug, taken.slug),
            ("name", name, taken.name),
        ):
            if find_alike(wanted, [held]):
                raise TenantTaken(
                    f"{taken.name} is being onboarded, which looks the same. Go on with "
                    "that, or choose another name.",
                    field=field,
                )


def change_plan(row: Onboarding, plan: Plan, by: Actor) -> None:
    """Who the client is stays. Raises TenantTaken."""
    was = row.read_plan()
    for field in ("slug", "account", "opens", "address", "store", "adopt"):
        if getattr(was, field) != getattr(plan, field):
            raise TenantTaken(
                f"{field}: cannot be changed, and {row.slug} has begun with another one. "
                "Give another client another slug.",
                field=field,
            )
    with transaction.atomic():
        if plan.name != was.name:
            check_free(plan.name, plan.slug, row, row.tenant)
        row.keep_plan(plan)
        row.save(update_fields=["plan"])
        log(by, "onboarding.changed", row, client=row.slug)


def give_up(row: Onboarding, by: Actor) -> None:
    """Once all is taken back. A slug that was a tenant's stays theirs, for the log."""
    if row.live_at or find_undoable(row):
        raise StepRefused("Take its steps back first.")
    with transaction.atomic():
        log(by, "onboarding.dropped", row, client=row.slug)
        if row.tenant_id:
            row.given_up_at, row.encrypted_token = timezone.now(), ""
            row.save(update_fields=["given_up_at", "encrypted_token"])
        else:
            row.delete()
