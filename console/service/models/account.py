from django.db import models
from django.db.models import Q


class Account(models.Model):
    """Who owns stores: one customer of the memory, `AC` and 32 hex digits."""

    sid = models.CharField(primary_key=True, max_length=34)
    name = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="account_sid_34",
                condition=Q(sid__startswith="AC") & Q(sid__length=34),
            ),
            models.CheckConstraint(
                name="account_name_1_to_64",
                condition=Q(name__length__gte=1) & Q(name__length__lte=64),
            ),
        ]

    def __str__(self) -> str:
        return self.sid


class Credential(models.Model):
    """A user name and the digest of its secret; the secret is shown once.

    username  the account's SID (with the auth token) or an API key's (`SK…`)
    digest    HMAC-SHA-256 of the secret, hex
    """

    username = models.CharField(primary_key=True, max_length=34)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="credential_username_34", condition=Q(username__length=34)
            ),
            models.CheckConstraint(
                name="credential_digest_64", condition=Q(digest__length=64)
            ),
        ]

    def __str__(self) -> str:
        return self.username
