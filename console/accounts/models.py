"""People who work here: staff, never customers."""

from typing import Any

from allauth.account.signals import authentication_step_completed
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.dispatch import receiver
from django.http import HttpRequest

from console.core.unicode import strip_hidden


class UserManager(BaseUserManager["User"]):
    """Makes and finds people by their address, whatever its capitals."""

    def create_user(
        self, email: str, *, name: str, password: str | None = None, **fields: Any
    ) -> "User":
        """A saved person; without a password nobody can sign in as them.

        Raises ValidationError, also for an address that only looks like another's.
        """
        user = self.model(email=email.strip().casefold(), name=name, **fields)
        if strip_hidden(user.email) != user.email:
            raise ValidationError({"email": "It contains an invisible character."})
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().casefold())


class User(AbstractBaseUser):
    """One member of staff. Their memberships say what they may do.

    email      the name they sign in with, case-folded
    name       as colleagues write it, 1 to 80 characters
    time_zone  in which times are shown and read; "": the browser's
    is_active  False ends every session at its next request
    is_staff   False keeps the person on record but signs nobody in
    """

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="user_email_case_folded",
                condition=Q(email=Lower("email")),
                violation_error_message="An email address is kept in small letters.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def may_sign_in(self) -> bool:
        return self.is_active and self.is_staff

    def get_full_name(self) -> str:
        return self.name


class SignInLimit(models.Model):
    """What a limit has counted; limits.py says of whom and for how long.

    key    a keyed digest: neither an address nor what was typed is kept
    tries  those that failed or are on their way, as of `at`
    """

    key = models.CharField(max_length=64, primary_key=True)
    tries = models.FloatField(default=0)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key


@receiver(authentication_step_completed)
def renew_session_id(
    *, request: HttpRequest, reauthenticated: bool = False, **_: Any
) -> None:
    """Whoever proves again who they are has rights that an older id must not have."""
    if reauthenticated:
        request.session.cycle_key()
