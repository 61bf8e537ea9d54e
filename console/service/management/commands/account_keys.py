import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from console.contract.times import to_wire
from console.service.models import Account, Credential, make_key, make_secret


class Command(BaseCommand):
    help = "List accounts of the embedded memory, or change the secrets of one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sid", nargs="?", default="", help="of one account alone")
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--add-key", action="store_true", help="print its secret")
        change.add_argument(
            "--replace-token",
            action="store_true",
            help="print the new auth token; the one before opens nothing any more",
        )
        change.add_argument("--revoke", metavar="KEY", help="an API key, at once")

    def handle(self, *args: Any, **options: Any) -> None:
        sid = options["sid"]
        found = Account.objects.filter(sid=sid) if sid else Account.objects.all()
        account = found.first() if sid else None
        if sid and not account:
            raise CommandError("sid: no account has this one")
        answer: object = list_accounts(found)
        if account and options["add_key"]:
            answer = dict(zip(("apiKey", "apiSecret"), make_key(account), strict=True))
        elif account and options["replace_token"]:
            answer = {"authToken": make_secret(account, account.sid)}
        elif account and options["revoke"]:
            keys = Credential.objects.filter(account=account).exclude(pk=account.pk)
            revoked, _ = keys.filter(pk=options["revoke"]).delete()
            answer = {"revoked": revoked}
        elif any(options[name] for name in ("add_key", "replace_token", "revoke")):
            raise CommandError("sid: whose secrets?")
        self.stdout.write(json.dumps(answer, indent=2))


def list_accounts(accounts: Any) -> list[dict[str, Any]]:
    """By name; the first of `secrets` is the auth token, the others are API keys."""
    return [
        {
            "sid": account.sid,
            "name": account.name,
            "stores": account.stores,
            "secrets": [
                {"username": each.username, "createdAt": to_wire(each.created_at)}
                for each in sorted(
                    account.credential_set.all(),
                    key=lambda each: (each.username != account.sid, each.created_at),
                )
            ],
        }
        for account in accounts.annotate(stores=Count("store", distinct=True))
        .prefetch_related("credential_set")
        .order_by("name", "sid")
    ]
