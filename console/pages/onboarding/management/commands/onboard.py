"""Onboarding by a file: what the wizard does, without anybody pressing a button."""

import os
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.core.errors import DomainError
from console.core.outgoing import pause
from console.pages.onboarding import engine
from console.pages.onboarding.engine import Seen, look
from console.pages.onboarding.models import Onboarding
from console.pages.onboarding.plan import Plan, read_plan
from console.pages.onboarding.steps import SEGMENT_SECRETS, Bench, Step, StepRefused
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.services import TenantTaken

DIFFERS, CANNOT_TELL = 1, 2
LOOK_S = 1.0
# Steps that people need an officer and a reason for once a client is live.
OFFICERS = {"display", "retention"}


class Command(BaseCommand):
    help = (
        "Sets a client up as a plan says, and goes live. What is there already stays. Exits"
        " 0 when all is as the plan says, 1 when it is not (with --dry-run: there is"
        " something to do), 2 when that cannot be told: the file is no plan, or the memory"
        " does not answer. The auth token of an account that no tenant uses yet is read"
        " from ONBOARD_TOKEN, Segment's profile access token and write key from"
        " SEGMENT_TOKEN and SEGMENT_WRITE_KEY."
    )

    stealth_options = ("actor", "content")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="says what it would do, as a diff"
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        """actor, content  who acts, and the plan itself: of a caller in this process"""
        self._by: Actor = options.get("actor") or Actor(None, name="command line")
        try:
            plan = read_plan(options.get("content") or file.read_bytes())
            self._onboard(plan, dry_run=dry_run)
        except (StepRefused, TenantTaken) as problem:
            raise CommandError(problem.message, returncode=DIFFERS) from problem
        except DomainError as problem:
            raise CommandError(problem.message, returncode=CANNOT_TELL) from problem
        except OSError as problem:
            words = f"{file}: {problem.strerror}"
            raise CommandError(words, returncode=CANNOT_TELL) from problem

    def _onboard(self, plan: Plan, *, dry_run: bool) -> None:
        own = Onboarding.objects.filter(slug=plan.slug, given_up_at=None).first()
        begun = {
            "secret": os.environ.get("ONBOARD_TOKEN", ""),
            "tenant": Tenant.objects.filter(slug=plan.slug).first(),
        }
        # The server's own environment is no client's.
        names = {} if self._by.key else SEGMENT_SECRETS
        given = {k: os.environ.get(name, "") for k, (_, name) in names.items()}
        if dry_run:
            row = own or engine.draft(plan, **begun)  # type: ignore[arg-type]
            row.given = given
            engine.refuse_removed(row)
            row.keep_plan(plan)
            engine.check_free(plan.name, plan.slug, row, row.tenant)
            if not self._tell(look(row)) or row.live_at is None:
                raise CommandError("Nothing was changed.", returncode=DIFFERS)
            return
        row = own or engine.begin(plan, self._by, **begun)  # type: ignore[arg-type]
        row.given = given
        with engine.hold(row):
            if row.is_in_use and self._by.key:
                self._leave_to_officers(row, plan)
            if row.read_plan() != plan:
                engine.change_plan(row, plan, self._by)
            self._finish(row)

    def _leave_to_officers(self, row: Onboarding, plan: Plan) -> None:
        """A pipeline changes nothing that people have an officer and a reason for."""
        asked = Onboarding.objects.get(pk=row.pk)
        asked.keep_plan(plan)
        for each in look(asked):
            if each.changes and each.step.name in OFFICERS:
                raise StepRefused(
                    f"{each.step.words['title']}: the client is in use, and this is its "
                    "privacy officer's to change, on its page. Nothing was changed."
                )

    def _finish(self, row: Onboarding) -> None:
        self._tell(look(row))
        waits: Step | None = None
        while step := engine.advance(row, self._by):
            engine.hold_on(row)
            seen = engine.look_at(row, step, Bench(row))
            if seen.state == "done":
                self.stdout.write(f"done: {step.words['title']}")
            elif seen.is_late or not pause(LOOK_S):
                raise StepRefused(
                    f"{step.words['title']}: the memory or the worker is not done. Run it again: "
                    "it goes on from there."
                )
            elif waits != step:
                waits = step
                self.stdout.write(f"waiting: {step.words['title']}")
        if row.live_at is None:
            engine.go_live(row, self._by)
            self.stdout.write(f"{row.slug} is live.")

    def _tell(self, seen: Iterable[Seen]) -> bool:
        """The diff; whether there is none."""
        seen = list(seen)
        for each in seen:
            if each.lacking:
                self.stdout.write(f"{each.step.words['title']:14} ! {each.lacking}")
        changes = [(each, change) for each in seen for change in each.changes]
        for each, change in changes:
            self.stdout.write(f"{each.step.words['title']:14} {change}")
        if not changes:
            self.stdout.write("All is as the plan says.")
        return not changes
