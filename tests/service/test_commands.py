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
