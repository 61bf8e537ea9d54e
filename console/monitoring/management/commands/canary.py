"""Whether a tenant's memory does everything that it is for."""

from argparse import ArgumentParser
from time import sleep
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from console.monitoring.canary import STEPS, CanaryBusy, CanaryOvertaken, advance, start
from console.monitoring.isolation import run_and_keep
from console.monitoring.models import Health, Result
from console.tenants.actor import Actor
from console.tenants.models import Tenant

EXIT = {Health.FAILS: 1, Health.UNKNOWN: 2}
AGAIN_S = 0.5


class Command(BaseCommand):
    help = (
        "Writes, lists, recalls, converses, learns and deletes with a synthetic customer "
        "of a tenant. The exit code is 1 if a step fails, 2 if that cannot be told."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", metavar="TENANT")
        parser.add_argument(
            "--isolation",
            action="store_true",
            help="instead: look for a marker of this tenant from every other one",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(
                f"There is no tenant {options['tenant']!r}.",
                returncode=EXIT[Health.UNKNOWN],
            )
        actor = Actor(None, tenant, name="command line")
        tells = run_and_keep if options["isolation"] else run_canary
        result = tells(tenant, actor)
        if options["json"]:
            answer = {"tenant": tenant.slug, "state": result.state} | result.facts
            self.stdout.write(msgspec.json.encode(answer).decode())
        else:
            for name, each in result.facts.get("steps", {}).items():
                took = f"{each['ms']:>7} ms" if each["state"] != "skipped" else " " * 10
                line = f"{each['state']:8}{took}  {STEPS[name]}. {each['words']}"
                self.stdout.write(line.rstrip())
            if options["isolation"]:
                asked, found = result.facts["asked"], len(result.facts["found"])
                self.stdout.write(
                    f"{result.state}: looked for from {asked} others, found by {found}."
                )
        if code := EXIT.get(Health(result.state)):
            raise CommandError(result.facts["words"], returncode=code)


def run_canary(tenant: Tenant, actor: Actor) -> Result:
    """In this process; a worker has to learn meanwhile, where the memory is built in."""
    try:
        watch = start(tenant, actor)
        while not advance(watch, actor):
            sleep(AGAIN_S)
    except (CanaryBusy, CanaryOvertaken) as other:
        words = getattr(other, "message", "Another one was started meanwhile.")
        raise CommandError(words, returncode=EXIT[Health.UNKNOWN]) from other
    return tenant.results.get(kind="canary", is_latest=True)
