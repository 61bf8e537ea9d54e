"""Fills an empty installation with two fictional tenants and people to sign in as."""

from argparse import ArgumentParser
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from console.core.errors import DomainError
from console.demo.seeding import STAFF, TENANTS, seed_demo
from console.tenants.models import Tenant


class Command(BaseCommand):
    help = (
        "Makes the fictional tenants alpenglow and brightline in the embedded memory"
        " and the demo people, whose password is DEMO_PASSWORD."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing when there is a tenant"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_empty"] and Tenant.objects.exists():
            return
        taken = Tenant.objects.filter(slug__in=TENANTS).order_by("slug").first()
        if taken is not None:
            raise CommandError(f"The tenant {taken.slug} exists; nothing was changed.")
        if not settings.DEMO_PASSWORD:
            raise CommandError(
                "DEMO_PASSWORD is empty: set it to the password that the demo people"
                " shall have."
            )
        started = monotonic()
        try:
            seed_demo(settings.DEMO_PASSWORD, progress=self.stdout.write)
        except DomainError as exc:
            raise CommandError(exc.message) from exc
        self.stdout.write(
            f"The demo is ready: {len(TENANTS)} tenants, {len(STAFF)} people,"
            f" {monotonic() - started:.1f} s"
        )
