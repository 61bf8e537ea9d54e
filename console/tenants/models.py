"""Tenants and the people who may work for them."""

from typing import Self
from uuid import uuid4

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from console.accounts.models import User
from console.client.network import EMBEDDED

SLUG = r"^(?=.{1,40}\Z)[a-z0-9]+(?:-[a-z0-9]+)*\Z"


class Role(models.TextChoices):
    """What a person is for a tenant; actor.py says what each may do."""

    AGENT = "agent", "support agent"
    OFFICER = "officer", "privacy officer"
    AUDITOR = "auditor", "auditor"
    OPERATOR = "operator", "operator"
    DEVELOPER = "developer", "developer"
    ENGINEER = "engineer", "onboarding engineer"


class TenantQuerySet(models.QuerySet["Tenant"]):
    def visible_to(self, user: User) -> Self:
        """The tenants where `user` has a role, each with that role as `seen_as`."""
        memberships = Membership.objects.filter(
            Q(tenant=OuterRef("pk")) | Q(tenant=None, role=Role.OPERATOR), user=user
        ).order_by(F("tenant").asc(nulls_last=True))
        role = Subquery(memberships.values("role")[:1])
        return self.annotate(seen_as=role).filter(seen_as__isnull=False)


class TenantManager(models.Manager["Tenant"]):
    """Those that were not removed."""

    def get_queryset(self) -> TenantQuerySet:
        return TenantQuerySet(self.model, using=self._db).filter(removed_at=None)

    def visible_to(self, user: User) -> TenantQuerySet:
        return self.get_queryset().visible_to(user)


class Tenant(models.Model):
    """One client of ours and the store that remembers their customers.

    slug          their name in addresses: a-z, 0-9 and hyphens, 1 to 40
    address       where their memory answers; "" means settings.MEMORY_URL
    dialect       which API their memory speaks: today's, or the older /v1/Services
    account_sid   the account that owns the store; its secret is `encrypted_token`
    encrypted_token  encrypted by vault.py, see token_context
    store_id      the one store that pages of this tenant can reach
    pinned_groups names of trait groups on a customer's card, in this order; []: all
    masking       how values are shown: `texts`, `identifiers` or `group/<name>` to
                  detect, hide or clear (console/masking/masker.py); missing: detect
    needs_ticket  whether every reason names a ticket
    knowledge_bases  ids of those of the account that are this tenant's to see
    known_findings  what the doctor finds and nobody minds, by its check: `until` which day
                  (ISO), and the `reason`
    removed_at    since when no page, role or command knows it, and its token is gone. Its
                  slug is never given again: the audit log names it by that
    """

    class Dialect(models.TextChoices):
        CURRENT = "current", "/v1/Stores"
        SERVICES = "services", "/v1/Services"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(
                SLUG, "Use a-z, 0-9 and single hyphens between them, 40 at most."
            )
        ],
    )
    name = models.CharField(max_length=80)
    address = models.CharField(max_length=200, blank=True)
    dialect = models.CharField(
        max_length=16, choices=Dialect.choices, default=Dialect.CURRENT
    )
    account_sid = models.CharField(max_length=34)
    encrypted_token = models.TextField()
    store_id = models.CharField(max_length=64)
    pinned_groups = models.JSONField(default=list, blank=True)
    masking = models.JSONField(default=dict, blank=True)
    needs_ticket = models.BooleanField(default=True)
    knowledge_bases = models.JSONField(default=list, blank=True)
    known_findings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    seen_as: str  # set by visible_to

    objects = TenantManager()
    ever = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="tenant_slug_a_z_0_9_hyphen_1_to_40", condition=Q(slug__regex=SLUG)
            ),
            models.CheckConstraint(
                name="tenant_dialect_known",
                condition=Q(dialect__in=["current", "services"]),
            ),
            models.UniqueConstraint(
                fields=["store_id"],
                condition=Q(removed_at=None),
                name="tenant_never_shares_a_store",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_built_in(self) -> bool:
        return self.address in {"", EMBEDDED}

    @property
    def memory_label(self) -> str:
        """Where its memory is, in words for people."""
        return "Built-in memory" if self.is_built_in else self.address

    @property
    def seen_as_label(self) -> str:
        """`seen_as` in words."""
        return Role(self.seen_as).label

    @property
    def token_context(self) -> tuple[str, ...]:
        """What `encrypted_token` is bound to: in another row, or sent as another account
        or to another address than it was entered for, it does not open."""
        return (
            "tenants.tenant",
            str(self.pk),
            "encrypted_token",
            self.account_sid,
            self.address,
        )

    @property
    def first_token_context(self) -> str:
        """The same, until version 0.2."""
        return f"tenants.tenant:{self.pk}:token"


class Membership(models.Model):
    """One person's one role for one tenant, or for the installation.

    tenant  None: an operator's is for every tenant; an onboarding engineer may add some,
            which are then theirs
    """

    # What a role without a tenant can be.
    INSTALLATION = (Role.OPERATOR, Role.ENGINEER)

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="membership_role_known",
                condition=Q(
                    role__in=[
                        "agent",
                        "officer",
                        "auditor",
                        "operator",
                        "developer",
                        "engineer",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="membership_without_a_tenant_of_some_roles",
                condition=Q(tenant__isnull=False)
                | Q(role__in=["operator", "engineer"]),
                violation_error_message="Only an operator or an onboarding engineer "
                "works without a tenant.",
            ),
            models.UniqueConstraint(
                fields=["user", "tenant"], name="membership_one_a_person_and_tenant"
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(tenant=None),
                name="membership_one_of_all_tenants_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.get_role_display()}"

    @property
    def place(self) -> str:
        """Where the role counts, in words."""
        if self.tenant:
            return self.tenant.name
        return "Every tenant" if self.role == Role.OPERATOR else "Tenants they add"
