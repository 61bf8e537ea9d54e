import os
from base64 import b64encode

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings as settings_of_vault
from django.core.management import CommandError, call_command

from console.databases.encryption import (
    CredentialTampered,
    VaultLocked,
    decrypt,
    encrypt,
)
from console.service.models import Account, create_account, get_auth_token
from console.tenants.models import Tenant
from console.tenants.vault import SECRET, get_secret_context
from tests.factories import make_tenant, make_user

OLD = {"old": bytes(32)}
NEW = {"new": b"\x01" * 32}
HERE = ("tenants.tenant", "1", "encrypted_token")


def test_decrypt_needs_the_context_of_encrypt():
    blob = encrypt("a token", context=HERE)

    assert decrypt(blob, context=HERE) == "a token"
    assert "a token" not in blob


def test_encrypt_never_repeats_itself():
    assert encrypt("a token", context=HERE) != encrypt("a token", context=HERE)


def test_decrypt_refuses_a_text_of_another_tenant():
    blob = encrypt("a token", context=HERE)

    with pytest.raises(CredentialTampered):
        decrypt(blob, context=("tenants.tenant", "2", "encrypted_token"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda blob: blob[:-6] + ("AAAA==" if blob[-6:] != "AAAA==" else "BBBB=="),
        lambda blob: blob[:20],
        lambda blob: blob.rpartition(":")[0] + ":",
        lambda blob: blob.removeprefix("v2:"),
        lambda blob: "v1" + blob[2:],
        lambda blob: blob + "é",
    ],
)
def test_decrypt_refuses_a_changed_text(spoil):
    blob = spoil(encrypt("a token", context=HERE))

    with pytest.raises(CredentialTampered):
        decrypt(blob, context=HERE)


def test_decrypt_with_an_unknown_key_is_locked(settings):
    blob = encrypt("a token", context=HERE)
    settings.VAULT_KEYS = NEW

    with pytest.raises(VaultLocked) as refusal:
        decrypt(blob, context=HERE)

    assert refusal.value.status == 503
    assert "VAULT_KEYS" in refusal.value.message


def test_encrypt_uses_the_newest_key_and_decrypt_any(settings):
    settings.VAULT_KEYS = OLD
    before = encrypt("a token", context=HERE)
    settings.VAULT_KEYS = NEW | OLD
    after = encrypt("a token", context=HERE)

    assert after.startswith("v2:new:")
    assert decrypt(before, context=HERE) == decrypt(after, context=HERE)


def test_encrypt_needs_a_key(settings):
    settings.VAULT_KEYS = {}

    with pytest.raises(VaultLocked):
        encrypt("a token", context=HERE)


def rotate(capsys, **options):
    call_command("rotate_keys", **options)
    return capsys.readouterr().out


def test_rotate_keys_encrypts_everything_in_batches(db, settings, capsys):
    tenants = [make_sealed(slug) for slug in ("a", "b", "c")]
    settings.VAULT_KEYS = NEW | settings.VAULT_KEYS

    said = rotate(capsys, batch=2)

    assert said.splitlines() == [
        "1 remain under an older key",
        "0 remain under an older key",
        "Every credential is sealed with the newest key.",
    ]
    for tenant in tenants:
        tenant.refresh_from_db()
        assert tenant.encrypted_token.startswith("v2:new:")
        assert decrypt(tenant.encrypted_token, context=tenant.token_context) == "t"


def test_rotate_keys_encrypts_the_memorys_auth_tokens(db, settings, capsys):
    made = create_account("acme")
    settings.VAULT_KEYS = NEW | settings.VAULT_KEYS

    rotate(capsys)

    settings.VAULT_KEYS = NEW
    assert get_auth_token(Account.objects.get()) == made.auth_token


def test_rotate_keys_with_nothing_to_do(db, capsys):
    assert rotate(capsys) == "Every credential is sealed with the newest key.\n"


def test_rotate_keys_names_what_it_cannot_decrypt(db, settings, capsys):
    make_sealed("fine")
    usual = settings.VAULT_KEYS
    settings.VAULT_KEYS = {"lost": b"\x02" * 32}
    make_sealed("locked")
    settings.VAULT_KEYS = NEW | usual

    with pytest.raises(CommandError, match="locked"):
        rotate(capsys)

    assert Tenant.objects.get(slug="fine").encrypted_token.startswith("v2:new:")
    assert Tenant.objects.get(slug="locked").encrypted_token.startswith("v2:lost:")


def test_rotate_keys_refuses_empty_batches(db):
    with pytest.raises(CommandError, match="--batch"):
        call_command("rotate_keys", batch=0)


def seal_as_before(text, context):
    """As version 0.2 did it: `keyid:...`, bound to one text."""
    [(key_id, key)] = settings_of_vault.VAULT_KEYS.items()
    nonce = os.urandom(12)
    raw = nonce + AESGCM(key).encrypt(nonce, text.encode(), context.encode())
    return f"{key_id}:{b64encode(raw).decode()}"


def test_decrypt_opens_what_was_bound_to_its_row_alone(db):
    tenant = make_sealed("acme")
    blob = seal_as_before("t", tenant.first_token_context)
    first = {"first_context": tenant.first_token_context}

    assert decrypt(blob, context=tenant.token_context, **first) == "t"
    for context, other in ((tenant.token_context, {}), (HERE, {"first_context": "x"})):
        with pytest.raises(CredentialTampered):
            decrypt(blob, context=context, **other)


@pytest.mark.parametrize("field", ["account_sid", "address", "pk"])
def test_token_opens_for_its_account_and_address_alone(db, field):
    tenant = make_sealed("acme")
    setattr(tenant, field, "other")

    with pytest.raises(CredentialTampered):
        decrypt(tenant.encrypted_token, context=tenant.token_context)


def make_factors(user):
    """An authenticator app and recovery codes, as set up by `user`."""
    context = get_secret_context(user.pk)
    return [
        Authenticator.objects.create(
            user=user, type=type_, data={field: encrypt("s", context=context)}
        )
        for type_, field in SECRET.items()
    ]


def test_rotate_keys_encrypts_second_factors_and_first_seals(db, settings, capsys):
    tenant, user = make_sealed("acme"), make_user()
    tenant.encrypted_token = seal_as_before("t", tenant.first_token_context)
    tenant.save()
    factors = make_factors(user)
    settings.VAULT_KEYS = NEW | settings.VAULT_KEYS

    said = rotate(capsys, batch=2)
    settings.VAULT_KEYS = NEW

    assert said.splitlines()[:2] == [
        "1 remain under an older key",
        "0 remain under an older key",
    ]
    tenant.refresh_from_db()
    assert decrypt(tenant.encrypted_token, context=tenant.token_context) == "t"
    for factor in factors:
        factor.refresh_from_db()
        blob = factor.data[SECRET[factor.type]]
        assert decrypt(blob, context=get_secret_context(user.pk)) == "s"


def test_rotate_keys_names_a_second_factor_that_it_cannot_decrypt(db, settings, capsys):
    make_factors(make_user(email="sam@console.example"))
    settings.VAULT_KEYS = NEW

    with pytest.raises(CommandError, match="recovery codes of sam@console"):
        rotate(capsys, batch=1)


def test_second_factor_of_another_person_does_not_open(db):
    factor, _ = make_factors(make_user())

    with pytest.raises(CredentialTampered):
        decrypt(factor.data["secret"], context=get_secret_context(factor.user_id + 1))


def make_sealed(slug):
    """A tenant without a memory: the vault does not ask for one."""
    tenant = Tenant(slug=slug, name=slug, account_sid="AC", store_id=f"store-{slug}")
    tenant.encrypted_token = encrypt("t", context=tenant.token_context)
    tenant.save()
    return tenant


def test_open_account_needs_the_tenants_own_token(db):
    acme, other = make_tenant("acme"), make_sealed("other")
    other.encrypted_token = acme.encrypted_token

    with pytest.raises(CredentialTampered):
        decrypt(other.encrypted_token, context=other.token_context)
