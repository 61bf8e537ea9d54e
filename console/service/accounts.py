"""Accounts and the secrets that open them."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from console.service.models import Account, Credential


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The only sight of an account's secrets; they are kept as digests alone."""

    account_sid: str
    auth_token: str
    api_key: str
    api_secret: str


def create_account(name: str) -> NewAccount:
    """A new account with an auth token and one API key, 256 random bits each."""
    new = NewAccount(
        account_sid="AC" + secrets.token_hex(16),
        auth_token=secrets.token_hex(32),
        api_key="SK" + secrets.token_hex(16),
        api_secret=secrets.token_hex(32),
    )
    now = timezone.now()
    with transaction.atomic(using="memory"):
        account = Account.objects.create(sid=new.account_sid, name=name, created_at=now)
        for username, secret in (
            (new.account_sid, new.auth_token),
            (new.api_key, new.api_secret),
        ):
            Credential.objects.create(
                username=username,
                account=account,
                digest=digest(secret),
                created_at=now,
            )
    return new


def authenticate(username: str, secret: str) -> Account | None:
    """The account that the pair opens; None for an unknown name or a wrong secret."""
    credential = (
        Credential.objects.select_related("account").filter(username=username).first()
    )
    # Compared even when nobody has that name: both answers take the same time.
    known = credential.digest if credential else digest("")
    if hmac.compare_digest(known, digest(secret)) and credential:
        return credential.account
    return None


def digest(secret: str) -> str:
    """HMAC-SHA-256, hex. Secrets are random: a slow hash would only cost CPU."""
    key = settings.MEMORY_DIGEST_KEY.encode()
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()
