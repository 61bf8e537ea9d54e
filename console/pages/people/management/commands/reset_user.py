import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.accounts.models import User
from console.core.errors import DomainError
from console.pages.people.services import reset
from console.tenants.actor import Actor


class Command(BaseCommand):
    help = (
        "Give a person who cannot sign in a new password, print it once, and remove "
        "their second factors. Ends their sessions."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().casefold()
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"EMAIL: nobody here has the address {email}.")
        password = secrets.token_urlsafe(16)
        try:
            reset(user.pk, by=Actor(None, name="command line"), password=password)
        except DomainError as exc:
            raise CommandError(exc.message) from exc
        self.stdout.write(f"{user.email} signs in with\npassword {password}")
        self.stdout.write("It is shown this once; change it after signing in.")
