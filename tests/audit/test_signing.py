import pytest

from console.audit.signing import (
    SignatureRefused,
    SignerUnknown,
    find_key,
    get_newest_key,
    seal,
    sign,
    verify,
)

DOCUMENT = {"kind": "receipt", "size": 7, "people": ["Zoë", "Kim"]}
OTHERS = {"other": b"o" * 32}


def test_sign_adds_the_public_key_and_a_signature():
    signed = sign(DOCUMENT)

    assert {**DOCUMENT, "key": get_newest_key().public} == {
        name: value for name, value in signed.items() if name != "signature"
    }
    assert len(signed["signature"]) == 128
    verify(signed)


@pytest.mark.parametrize(
    "change",
    [
        {"size": 8},
        {"added": 1},
        {"people": ["Kim", "Zoë"]},
        {"signature": "00" * 64},
        {"signature": 5},
        {"key": "not hex"},
        {"key": "ab" * 32},
    ],
)
def test_verify_refuses_what_was_changed(change):
    with pytest.raises(SignatureRefused):
        verify(sign(DOCUMENT) | change)


def test_verify_refuses_what_nobody_signed():
    with pytest.raises(SignatureRefused):
        verify(DOCUMENT)


def test_verify_tells_a_stranger_from_a_change(settings):
    signed = sign(DOCUMENT)
    settings.AUDIT_KEYS = settings.VAULT_KEYS = OTHERS

    with pytest.raises(SignerUnknown):
        verify(signed)


def test_verify_knows_older_keys_and_those_of_the_vault(settings):
    by_vault = sign(DOCUMENT)
    settings.AUDIT_KEYS = {"old": b"1" * 32}
    by_old = sign(DOCUMENT)
    settings.AUDIT_KEYS = {"new": b"2" * 32, **settings.AUDIT_KEYS}

    verify(by_vault)
    verify(by_old)

    assert len({sign(DOCUMENT)["key"], by_old["key"], by_vault["key"]}) == 3


def test_seal_depends_on_the_entry_and_on_the_key(settings):
    key = get_newest_key()
    settings.AUDIT_KEYS = OTHERS

    assert find_key(key.id) is key
    assert find_key("0" * 16) is None
    assert len({seal("a", key), seal("b", key), seal("a", get_newest_key())}) == 3
