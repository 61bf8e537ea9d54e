"""Second factors: authenticator apps, recovery codes, and roles that require one."""

from allauth.mfa.models import Authenticator

from console.tenants.second_factors import SECRET, get_secret_context
from console.tenants.vault import encrypt

APP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODES_SEED = "5eed" * 20


def set_up_app(user):
    """The secret of an authenticator app that is set up, with recovery codes."""
    context = get_secret_context(user.pk)
    for (type_, field), secret in zip(
        SECRET.items(), (APP_SECRET, CODES_SEED), strict=True
    ):
        data = {field: encrypt(secret, context=context), "used_mask": 0}
        Authenticator.objects.create(user=user, type=type_, data=data)
    return APP_SECRET
