import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, QuerySet

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
        change.add_argument(
            "--remove", action="store_true", help="an account that never had a store"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sid = options["sid"]
        changes = ("add_key", "replace_token", "revoke", "remove")
        found = Account.objects.filter(sid=sid) if sid else Account.objects.all()
        if not any(options[change] for change in changes):
            answer: object = list_accounts(found)
        elif account := found.filter(sid=sid).first():
            answer = change_secret(account, **{name: options[name] for name in changes})
        else:
            raise CommandError("sid: no account has this one")
        self.stdout.write(json.dumps(answer, indent=2))


def list_accounts(accounts: QuerySet[Account]) -> list[dict[str, Any]]:
    """By name; the first of `secrets` is the auth token, the others are API keys."""
    counted = accounts.annotate(stores=Count("store"))
    return [
        {
            "sid": account.sid,
            "name": account.name,
            "owner": account.owner_id or "",
            "stores": account.stores,
            "secrets": [
                {"username": each.username, "createdAt": to_wire(each.created_at)}
                # AC comes before SK.
                for each in account.credential_set.order_by("username")
            ],
        }
        for account in counted.order_by("name", "sid")
    ]


def change_secret(
    account: Account, *, add_key: bool, replace_token: bool, revoke: str, remove: bool
) -> dict[str, Any]:
    if remove:
        if account.store_set.exists() or account.account_set.exists():
            raise CommandError("sid: this account has stores or sub-accounts")
        return {"removed": account.delete()[0]}
    if add_key:
        return dict(zip(("apiKey", "apiSecret"), make_key(account), strict=True))
    if replace_token:
        return {"authToken": make_secret(account, account.sid)}
    keys = Credential.objects.filter(account=account).exclude(pk=account.pk)
    revoked, _ = keys.filter(pk=revoke).delete()
    return {"revoked": revoked}
