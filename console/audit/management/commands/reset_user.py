import secrets
from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from console.accounts.models import User
from console.audit.log import log
from console.core.errors import DomainError
from console.tenants.actor import Actor


class Command(BaseCommand):
    help = (
        "Give a person who cannot sign in a new password, print it once, and remove "
        "their second factors. Ends their sessions."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().casefold()
        user = User.objects.select_for_update().filter(email=email).first()
        if user is None:
            raise CommandError(f"EMAIL: nobody here has the address {email}.")
        password = secrets.token_urlsafe(16)
        user.set_password(password)
        user.save(update_fields=["password"])
        Authenticator.objects.filter(user=user).delete()
        try:
            log(Actor(None, name="command line"), "user.reset", "user", str(user.pk))
        except DomainError as exc:
            raise CommandError(exc.message) from exc
        self.stdout.write(f"{user.email} signs in with\npassword {password}")
        self.stdout.write("It is shown this once; change it after signing in.")
