"""Where a tenant's conversations stop on their way into its memory."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from console.contract.ids import CONVERSATION_ID
from console.core.errors import DomainError
from console.monitoring.checks import State, find_first
from console.monitoring.nightly import ask
from console.tenants.actor import Actor
from console.tenants.models import Tenant

CANNOT_TELL = 2
EXIT = {State.FAIL: 1, State.UNKNOWN: CANNOT_TELL}


def read_id(text: str) -> str:
    if text and not CONVERSATION_ID.fullmatch(text):
        raise ArgumentTypeError("a conversation's id begins with conv_conversation_")
    return text


class Command(BaseCommand):
    help = (
        "Follows conversations into a tenant's memory and names the first hop that fails. "
        "The exit code is 1 if one does, 2 if that cannot be told."
    )

    # Who asks, where that is not somebody at a shell.
    stealth_options = ("actor",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", metavar="TENANT")
        one = parser.add_mutually_exclusive_group()
        one.add_argument(
            "--conversation", dest="of", metavar="ID", default="", type=read_id
        )
        one.add_argument("--address", dest="of", metavar="ADDRESS", default="")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(
                f"There is no tenant {options['tenant']!r}.", returncode=CANNOT_TELL
            )
        actor = options.get("actor") or Actor(None, tenant, name="command line")
        try:
            verdicts = ask(tenant, actor, options["of"])
        except DomainError as problem:  # the vault keeps the credentials
            raise CommandError(problem.message, returncode=CANNOT_TELL) from problem
        first = find_first(verdicts)
        if options["json"]:
            named = first.name if first else ""
            answer = {"tenant": tenant.slug, "first": named, "verdicts": verdicts}
            self.stdout.write(msgspec.json.encode(answer).decode())
        for verdict in () if options["json"] else verdicts:
            self.stdout.write(f"{verdict.state:8} {verdict.proves}")
            for finding in verdict.findings:
                self.stdout.write(f"{'':9}{finding.words} {finding.fix}".rstrip())
        if first and first.state in EXIT:
            words = f"First: {first.proves}: {first.state}."
            raise CommandError(words, returncode=EXIT[first.state])
