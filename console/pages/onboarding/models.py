"""How far the onboarding of each client is."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import uuid4

import msgspec
from django.db import models
from django.db.models import Q

from console.accounts.models import User
from console.pages.onboarding.plan import Plan
from console.tenants.actor import get_installation_role
from console.tenants.models import Role, Tenant


class OnboardingQuerySet(models.QuerySet["Onboarding"]):
    def visible_to(self, user: User) -> Self:
        """All to an operator of all tenants; else one's own, and of one's tenants."""
        if get_installation_role(user) == Role.OPERATOR:
            return self
        own = Q(tenant__in=Tenant.objects.visible_to(user).values("pk"))
        return self.filter(own | Q(begun_by=user))

    def under_way(self) -> Self:
        return self.filter(live_at=None, given_up_at=None)


class Onboarding(models.Model):
    """One client on the way to be live. What is there is read from the memory; only what
    it cannot tell is kept here.

    slug           the plan's; one onboarding each
    plan           as JSON
    dialect        as Tenant.dialect: in which the account answered
    encrypted_token  of the account, "" until one was opened or entered
    tenant         once it is one; taken back, it is removed and stays named here
    outcomes       by step: `before`, what was there when it was begun; `at` and `by`, when
                   it was found done, and by whom
    sheet          signed, when it went live
    held_until     while one request or run goes on with it
    given          secrets of Segment that a command was given; never kept in this row
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    slug = models.CharField(max_length=40, unique=True)
    plan = models.JSONField()
    address = models.CharField(max_length=200, blank=True)
    dialect = models.CharField(
        max_length=16, choices=Tenant.Dialect, default=Tenant.Dialect.CURRENT
    )
    account_sid = models.CharField(max_length=34)
    encrypted_token = models.TextField(blank=True)
    tenant = models.OneToOneField(
        Tenant, models.PROTECT, null=True, related_name="onboarding"
    )
    outcomes = models.JSONField(default=dict)
    sheet = models.JSONField(null=True)
    begun_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    begun_at = models.DateTimeField(auto_now_add=True)
    live_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)

    objects = OnboardingQuerySet.as_manager()
    given: Mapping[str, str] = {}

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="onboarding_live_has_its_sheet",
                condition=Q(live_at=None) | Q(sheet__isnull=False),
            )
        ]

    @property
    def token_context(self) -> tuple[str, ...]:
        """What `encrypted_token` is bound to: in another row, or for another account or
        address, it does not open."""
        row = ("onboarding.onboarding", str(self.pk), "encrypted_token")
        return (*row, self.account_sid, self.address)

    @property
    def is_in_use(self) -> bool:
        """Live, or a tenant who was there before the plan."""
        made_here = "begun" in self.outcomes.get("tenant", {})
        return bool(self.live_at or (self.tenant_id and not made_here))

    @property
    def links(self) -> bool:
        """Whether conversations are to become memory."""
        return bool(self.read_plan().fill_in().channels)

    def read_plan(self) -> Plan:
        return msgspec.convert(self.plan, Plan)

    def keep_plan(self, plan: Plan) -> None:
        self.plan = msgspec.to_builtins(plan)

    def get_before(self, step: str) -> dict[str, Any] | None:
        """What was there when the step was begun; None: it was not."""
        before: dict[str, Any] | None = self.outcomes.get(step, {}).get("before")
        return before
