"""Tokens of CI, for operators; and what is run with one (runs.py)."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from console.audit.log import log
from console.pages.ci.models import DAYS_MAX, CiToken, Job
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.web.access import FORM, allow
from console.web.forms import ReasonForm, StaffTextField
from console.web.render import ConsoleRequest, render_form


class RevokeForm(ReasonForm):
    """Why a token is taken back."""


ALL = "*"


def _list_choices() -> list[tuple[str, str]]:
    tenants = Tenant.objects.order_by("name").values_list("slug", "name")
    named = [(slug, f"{name} ({slug})") for slug, name in tenants]
    return [(ALL, "All tenants, also later ones"), *named]


class IssueForm(ReasonForm):
    """Valid, it has the `slugs` of a token; later: of tenants still to be onboarded."""

    name = StaffTextField(
        label="Name", max_length=80, help_text="Which pipeline it is for."
    )
    jobs = forms.MultipleChoiceField(
        label="May run",
        choices=Job.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    tenants = forms.MultipleChoiceField(
        label="For which tenants",
        choices=_list_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    later = StaffTextField(
        label="Tenants it will onboard",
        max_length=400,
        required=False,
        help_text="Their slugs, with blanks between them; for Onboarding alone.",
    )
    days = forms.IntegerField(
        label="Days until it expires", min_value=1, max_value=DAYS_MAX, initial=90
    )
    field_order = (
        "name",
        "jobs",
        "tenants",
        "later",
        "days",
        "reason_code",
        "ticket",
    )

    def clean_later(self) -> list[str]:
        slugs: list[str] = self.cleaned_data["later"].split()
        if slugs and Job.ONBOARD not in self.cleaned_data.get("jobs", ()):
            raise ValidationError("This token may not run Onboarding.")
        check_slug = Tenant._meta.get_field("slug").run_validators
        for slug in slugs:
            check_slug(slug)
        return slugs

    def clean(self) -> dict[str, Any]:
        """Every tenant is chosen, never left over."""
        given = self.cleaned_data
        chosen = [*given.pop("tenants", ()), *given.pop("later", ())]
        if self.errors.keys() & {"tenants", "later"}:
            return given
        if not chosen:
            self.add_error("tenants", "Choose at least one, or all tenants.")
        elif ALL in chosen and len(chosen) > 1:
            self.add_error("tenants", "Choose all tenants, or some of them: not both.")
        given["slugs"] = [each for each in dict.fromkeys(chosen) if each != ALL]
        return given


@allow(Permission.MANAGE_CI, logs="none: names of tokens")
def list_tokens(request: ConsoleRequest) -> HttpResponse:
    tokens = CiToken.objects.select_related("issued_by")
    return render(request, "ci/list.html", {"tokens": tokens})


@allow(Permission.MANAGE_CI, FORM, logs="ci.added")
def issue(request: ConsoleRequest) -> HttpResponse:
    """Answered by the token: it is in this answer and nowhere else."""
    form, made = IssueForm(request=request), ""
    if form.is_valid():
        wanted: dict[str, Any] = form.asked
        expires_at = timezone.now() + timedelta(days=wanted.pop("days"))
        row, made = CiToken.make(
            **wanted, expires_at=expires_at, issued_by=request.user
        )
        facts: dict[str, Any] = {"jobs": " ".join(row.jobs), "tenants": len(row.slugs)}
        facts |= {"reason": form.reason, "expires": f"{expires_at:%Y-%m-%d}"}
        with transaction.atomic():
            row.save(force_insert=True)
            log(request.actor, "ci.added", "ci_token", row.key, **facts)
    address = request.build_absolute_uri(reverse("ci:list"))
    context = {"form": form, "made": [("Token", made)] if made else [], "at": address}
    return render_form(request, "ci/issue.html", context)


@allow(Permission.MANAGE_CI, FORM, logs="ci.revoked")
def revoke(request: ConsoleRequest, token_id: str) -> HttpResponse:
    """It opens nothing from then on; its row stays, for the log names it."""
    token = get_object_or_404(CiToken, pk=token_id, revoked_at=None)
    form = RevokeForm(request=request)
    if form.is_valid():
        with transaction.atomic():
            CiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
            on = ("ci_token", token.key)
            log(request.actor, "ci.revoked", *on, reason=form.reason)
        messages.success(request, f"{token.name}: the token opens nothing any more.")
        return redirect("ci:list")
    context = {"form": form, "token": token, "act": {"danger": True}}
    return render_form(request, "ci/revoke.html", context)
