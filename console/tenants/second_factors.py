"""Second factors: their secrets are encrypted at rest, and a role can require one."""

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

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

    def _get_context(self) -> Context:
        request = context.request
        user = request.user
        if not user.is_authenticated:
            user = request._login_stage.login.user
        return get_secret_context(user.pk)
