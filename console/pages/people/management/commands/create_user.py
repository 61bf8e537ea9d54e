import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from console.accounts.models import User
from console.audit.log import log
from console.core.errors import DomainError
from console.tenants.actor import Actor
from console.tenants.models import Role, Tenant
from console.tenants.services import add_member


class Command(BaseCommand):
    help = "Add a person, or a role to a person, and print a new one's password, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--name", default="", help="as colleagues write it")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument(
            "--tenant",
            metavar="SLUG",
            help="left out: every tenant (operators), those they add (engineers)",
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        tenant = self.tenant(options["tenant"])
        user = User.objects.filter(email=options["email"].strip().casefold()).first()
        password = "" if user else secrets.token_urlsafe(16)
        try:
            user = user or User.objects.create_user(
                options["email"],
                name=options["name"] or options["email"].partition("@")[0],
                password=password,
            )
            member = add_member(user, tenant=tenant, role=Role(options["role"]))
            log(
                Actor(None, tenant, name="command line"),
                "user.added",
                user,
                given=member.role,
            )
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc
        except DomainError as exc:
            raise CommandError(exc.message) from exc
        where = tenant.slug if tenant else member.place.lower()
        self.stdout.write(f"{user.email} is {member.get_role_display()} of {where}")
        if password:
            self.stdout.write(f"password {password}")
            self.stdout.write("It is shown this once; change it after signing in.")
        else:
            self.stdout.write(
                f"{user.name} was here already and signs in as before; "
                "`manage.py reset_user` is for a person who cannot."
            )

    def tenant(self, slug: str | None) -> Tenant | None:
        if slug is None:
            return None
        try:
            return Tenant.objects.get(slug=slug)
        except Tenant.DoesNotExist as exc:
            raise CommandError(f"--tenant: there is no tenant {slug!r}.") from exc
