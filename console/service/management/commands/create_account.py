import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.contract.ids import ACCOUNT_SID
from console.service.models import Account, create_account


class Command(BaseCommand):
    help = "Make an account of the embedded memory and print its secrets, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="whose account it is, 1 to 64 characters")
        parser.add_argument("--owner", metavar="SID", help="makes it a sub-account")
        parser.add_argument("--sid", default="", help="the new account's; else random")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not 1 <= len(name) <= 64 or not name.isprintable():
            raise CommandError("name: must be 1 to 64 printable characters")
        sid, owner = options["sid"], options["owner"]
        taken = Account.objects.filter(sid=sid).exists()
        if sid and (taken or not ACCOUNT_SID.fullmatch(sid)):
            raise CommandError("sid: must be AC and 32 of 0-9 and a-f, and not in use")
        of = Account.objects.filter(sid=owner).first()
        if owner and of is None:
            raise CommandError("owner: no account has this SID")
        new = create_account(name, sid=sid, owner=of)
        pairs = {
            "accountSid": new.account_sid,
            "authToken": new.auth_token,
            "apiKey": new.api_key,
            "apiSecret": new.api_secret,
        }
        if options["json"]:
            self.stdout.write(json.dumps(pairs))
        else:
            for label, value in pairs.items():
                self.stdout.write(f"{label:<11} {value}")
            self.stdout.write(
                "The secrets are shown this once; they cannot be read back."
            )
