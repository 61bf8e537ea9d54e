"""What must not be erased, and what goes by itself."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from console.audit.log import log
from console.profiles.context import build_profile_context
from console.profiles.models import Hold, list_holds
from console.tenants.actor import Permission
from console.web.forms import ReasonForm
from console.web.render import FORM, ConsoleRequest, allow, render_form
from console.web.times import DayField


class HoldForm(ReasonForm):
    reasons = tuple(Hold.Basis.choices)
    field_order = ("reason_code", "until", "ticket")
    until = DayField(
        label="Last day", help_text="Empty: it counts until somebody lifts it."
    )

    def clean_until(self) -> object:
        until = self.cleaned_data["until"]
        if until and until < timezone.now().date():
            raise ValidationError("Last day: this day is over. Choose a later one.")
        return until


class LiftForm(ReasonForm):
    reasons = (
        ("over", "What it was for is over"),
        ("released", "Legal released it"),
        ("mistake", "It was set by mistake"),
    )


@allow(Permission.HOLD)
def overview(request: ConsoleRequest) -> HttpResponse:
    """The holds of a tenant."""
    return render(
        request, "keeping/overview.html", {"holds": list_holds(request.tenant)}
    )


@allow(Permission.HOLD, FORM)
def set_hold(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Nothing of a profile on hold is erased, by whatever way."""
    context = build_profile_context(request, profile_id)
    form = HoldForm(request=request)
    if form.is_valid():
        with transaction.atomic():
            hold = Hold.objects.create(
                tenant=request.tenant,
                profile_id=profile_id,
                basis=form.cleaned_data["reason_code"],
                until=form.cleaned_data["until"],
                set_by=request.user,
            )
            log(
                request.actor,
                "hold.set",
                "profile",
                profile_id,
                reason=form.reason,
                hold=str(hold.pk),
            )
        messages.success(request, "On hold: nothing of this profile is erased.")
        return redirect("customers:profile", request.tenant.slug, profile_id)
    return render_form(request, "keeping/set_hold.html", context | {"form": form})


@allow(Permission.HOLD, FORM)
def lift_hold(request: ConsoleRequest, hold_id: UUID) -> HttpResponse:
    hold = get_object_or_404(list_holds(request.tenant), pk=hold_id)
    form = LiftForm(request=request)
    if form.is_valid():
        with transaction.atomic():
            # Two officers at once: only one of them lifts it.
            if (
                list_holds(request.tenant)
                .filter(pk=hold.pk)
                .update(lifted_at=timezone.now())
            ):
                log(
                    request.actor,
                    "hold.lifted",
                    "profile",
                    hold.profile_id,
                    reason=form.reason,
                    hold=str(hold.pk),
                )
        messages.success(request, "Lifted. The profile can be erased again.")
        return redirect("keeping:overview", request.tenant.slug)
    return render_form(request, "keeping/lift_hold.html", {"form": form, "hold": hold})
