import re

import pytest

from console.contract.ids import ACCOUNT_SID
from console.databases.encryption import CredentialTampered
from console.service.models import (
    Account,
    Credential,
    create_account,
    digest,
    get_auth_token,
)
from console.service.wsgi import authenticate


@pytest.fixture
def account(db):
    return create_account("acme")


def test_an_account_has_a_token_and_a_key_of_256_bits(account):
    assert ACCOUNT_SID.fullmatch(account.account_sid)
    assert re.fullmatch("SK[0-9a-f]{32}", account.api_key)
    for secret in (account.auth_token, account.api_secret):
        assert re.fullmatch("[0-9a-f]{64}", secret)


def test_both_pairs_open_the_account(account):
    opened = Account.objects.get()

    for pair in (
        (account.account_sid, account.auth_token),
        (account.api_key, account.api_secret),
    ):
        assert authenticate(*pair).account == opened


@pytest.mark.parametrize("secret", ["", "wrong", "naïve ’", "x" * 10_000])
def test_a_wrong_secret_opens_nothing(account, secret):
    assert authenticate(account.account_sid, secret) is None
    assert authenticate(account.account_sid.lower(), account.auth_token) is None
    assert authenticate("", secret) is None


def test_an_unknown_name_opens_nothing_even_without_a_secret(account):
    assert authenticate("AC" + "0" * 32, "") is None


def test_secrets_are_kept_as_digests_under_a_key(account, settings):
    kept = Credential.objects.get(username=account.api_key).digest
    assert kept == digest(account.api_secret)

    settings.MEMORY_DIGEST_KEY = "another"

    assert digest(account.api_secret) != kept
    assert authenticate(account.api_key, account.api_secret) is None


def test_no_two_accounts_share_a_secret(account):
    other = create_account("acme")

    assert len({*vars_of(account), *vars_of(other)}) == 8


def vars_of(account) -> list[str]:
    return [getattr(account, name) for name in account.__slots__]


def test_the_auth_token_is_kept_encrypted_for_signing(account):
    opened = Account.objects.get()
    kept = Credential.objects.get(username=account.account_sid).encrypted_token

    assert get_auth_token(opened) == account.auth_token
    assert kept.startswith("v2:")
    assert account.auth_token not in kept
    assert Credential.objects.get(username=account.api_key).encrypted_token == ""


def test_an_auth_token_from_before_is_kept_when_it_is_used(account):
    Credential.objects.update(encrypted_token="")
    opened = Account.objects.get()

    authenticate(account.account_sid, "wrong")
    authenticate(account.api_key, account.api_secret)
    assert get_auth_token(opened) == ""

    authenticate(account.account_sid, account.auth_token)
    assert get_auth_token(opened) == account.auth_token


def test_an_auth_token_opens_in_no_other_row(account):
    other = create_account("other")
    moved = Credential.objects.get(username=account.account_sid).encrypted_token
    Credential.objects.filter(pk=other.account_sid).update(encrypted_token=moved)

    with pytest.raises(CredentialTampered):
        get_auth_token(Account.objects.get(pk=other.account_sid))
