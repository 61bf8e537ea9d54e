"""Second factors: their secrets are encrypted at rest, and a role can require one."""

from collections.abc import Iterable

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings

from console.accounts.models import User
from console.tenants.vault import Context, decrypt, encrypt

# The field of Authenticator.data that is encrypted. A passkey's holds no secret.
SECRET = {
    Authenticator.Type.TOTP: "secret",
    Authenticator.Type.RECOVERY_CODES: "seed",
}


def get_secret_context(user_id: int) -> Context:
    """What a person's secrets are bound to: in another person's row they do not open."""
    return ("mfa.authenticator", str(user_id), "data")


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """Encrypts the secrets of whoever asks, or is about to sign in.

    Raises VaultLocked and CredentialTampered, which a page says in words.
    """

    def encrypt(self, text: str) -> str:
        return encrypt(text, context=self._get_context())

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, context=self._get_context())

    def generate_authenticator_name(self, user: User, type: str) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": self.get_totp_issuer()}

    def _get_context(self) -> Context:
        request = context.request
        user = request.user
        if not user.is_authenticated:
            user = request._login_stage.login.user
        return get_secret_context(user.pk)


def is_required(roles: Iterable[str]) -> bool:
    return bool(set(roles) & set(settings.REQUIRE_SECOND_FACTOR))


def has_second_factor(user: User) -> bool:
    """Recovery codes alone are none."""
    usable = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    return bool(usable.filter(user=user).exists())
