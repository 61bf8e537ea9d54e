import io
import json

import pytest
from django.core.management import CommandError, call_command

from console.service.models import Account
from console.service.wsgi import authenticate


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("create_account", *args, stdout=out)
    return out.getvalue()


def test_create_account_prints_one_json_object_that_works(db):
    new = json.loads(run("acme", "--json"))

    assert new.keys() == {"accountSid", "authToken", "apiKey", "apiSecret"}
    account = authenticate(new["accountSid"], new["authToken"]).account
    assert account.name == "acme"
    again = authenticate(new["apiKey"], new["apiSecret"]).account
    assert again == account


def test_create_account_prints_for_people_and_says_that_it_is_once(db):
    printed = run(" Acme & Söhne ")

    labels = [line.split()[0] for line in printed.splitlines()[:4]]
    assert labels == ["accountSid", "authToken", "apiKey", "apiSecret"]
    assert "this once" in printed
    assert Account.objects.get().name == "Acme & Söhne"


@pytest.mark.parametrize("name", ["", "  ", "n" * 65, "two\nlines", "\x1b[31mred"])
def test_create_account_refuses_a_name_that_is_none(db, name):
    with pytest.raises(CommandError, match="name"):
        run(name)

    assert not Account.objects.exists()


def test_account_keys_lists_and_changes_secrets(db):
    new = json.loads(run("acme", "--json"))
    sid = new["accountSid"]

    def change(*args):
        out = io.StringIO()
        call_command("account_keys", *args, stdout=out)
        return json.loads(out.getvalue())

    added = change(sid, "--add-key")
    token = change(sid, "--replace-token")["authToken"]
    revoked = change(sid, "--revoke", new["apiKey"])
    [account] = change()

    assert authenticate(added["apiKey"], added["apiSecret"]).account.sid == sid
    assert authenticate(sid, token).account.sid == sid
    assert revoked == {"revoked": 1}
    assert change(sid, "--revoke", sid) == {"revoked": 0}
    assert [each["username"] for each in account["secrets"]] == [sid, added["apiKey"]]


@pytest.mark.parametrize("args", [["--add-key"], ["AC" + "0" * 32, "--replace-token"]])
def test_account_keys_needs_an_account_to_change(db, args):
    with pytest.raises(CommandError, match="sid"):
        call_command("account_keys", *args)
