"""What must not be erased, and what goes by itself."""

import hashlib
import secrets
from base64 import b64decode, b64encode
from contextlib import suppress
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
import yaml
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django_tasks import task

from console.audit.log import log, log_change, log_view
from console.client.errors import MemoryNotFound
from console.databases.encryption import decrypt, encrypt
from console.masking.masker import masker_for
from console.profiles.candidates import name_people
from console.profiles.context import build_profile_context
from console.profiles.models import (
    AccessPackage,
    Hold,
    RetentionRule,
    drop_packages,
    list_holds,
)
from console.profiles.retention import set_retention
from console.profiles.whole import read_whole
from console.tenants.actor import Permission
from console.tenants.vault import open_store
from console.web.access import FORM, allow, ask_who_it_is
from console.web.forms import PageForm, ReasonForm, check_form
from console.web.render import ConsoleRequest, render_form, render_part
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
    """Why a hold is lifted."""


class AccessForm(ReasonForm):
    """Why a customer's data are put together."""


class RetentionForm(ReasonForm):
    """For each kind its days; none: it is kept."""

    def __init__(self, *args: Any, request: ConsoleRequest, **kwargs: Any) -> None:
        super().__init__(*args, request=request, **kwargs)
        now = dict(request.tenant.retention.values_list("kind", "days"))
        for kind, plural in RetentionRule.KINDS:
            self.fields[kind] = forms.IntegerField(
                label=f"Days for which {plural} are kept",
                required=False,
                min_value=1,
                max_value=36_500,
                initial=now.get(kind),
            )
        self.order_fields([*dict(RetentionRule.KINDS), *self.fields])


@allow(Permission.HOLD, FORM, logs="retention.changed")
def retention(request: ConsoleRequest) -> HttpResponse:
    """A changed rule deletes nothing for a day: so its forecast is read first."""
    form = RetentionForm(request=request)
    if form.is_valid():
        wanted = {k: v for k, v in form.asked.items() if v}
        with transaction.atomic():
            for kind, _ in RetentionRule.KINDS:
                set_retention(request.tenant, kind, wanted.get(kind))
            log(request.actor, "retention.changed", reason=form.reason, **wanted)
        messages.success(request, "Saved. Nothing goes within the next 24 hours.")
        return redirect("keeping:overview", request.tenant.slug)
    return render_form(request, "keeping/retention.html", {"form": form})


@allow(Permission.HOLD, logs="profile.listed")
def overview(request: ConsoleRequest) -> HttpResponse:
    """A tenant's holds, what goes by itself, and what is not learned again."""
    query = check_form(PageForm(request.GET))
    suppressed = None
    with suppress(MemoryNotFound):  # a hosted memory has none
        suppressed = request.store.list_suppressions(page_token=query["page"])
    holds, names = list_holds(request.tenant), dict[str, str]()
    if ids := [hold.profile_id for hold in holds]:
        names = name_people(request.store, ids, masker_for(request.actor))
        log_view(request.actor, "profile.listed", count=len(names))
    context = {
        "holds": [(hold, names[hold.profile_id]) for hold in holds],
        "rules": request.tenant.retention.order_by("kind"),
        "page": suppressed,
    }
    return render(request, "keeping/overview.html", context)


@allow(Permission.HOLD, FORM, logs="suppression.lifted")
def lift_suppression(request: ConsoleRequest, suppression_id: str) -> HttpResponse:
    """Somebody who was erased comes again as a new customer."""
    form, title = LiftForm(request=request), "Release an erased identifier"
    if form.is_valid():
        action, of = "suppression.lifted", "suppression"
        with log_change(request.actor, action, of, suppression_id, reason=form.reason):
            request.store.lift_suppression(suppression_id)
        messages.success(request, "Released. The identifier can be learned again.")
        return redirect("keeping:overview", request.tenant.slug)
    return render_form(request, "keeping/lift.html", {"form": form, "title": title})


@allow(Permission.EXPORT, FORM, logs="access.requested")
def ask_access(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Everything in clear: it is for the customer."""
    if asked := ask_who_it_is(request):
        return asked
    context = build_profile_context(request, profile_id)
    form = AccessForm(request=request)
    if form.is_valid():
        token = secrets.token_urlsafe(32)
        with transaction.atomic():
            package = AccessPackage.objects.create(
                tenant=request.tenant,
                profile_id=profile_id,
                requested_by=request.user,
                token_digest=_digest(token),
            )
            build_package.enqueue(str(package.pk))
            on = "profile", profile_id
            log(request.actor, "access.requested", *on, reason=form.reason)
        request.session[f"access-{package.pk}"] = token
        return redirect("keeping:access", request.tenant.slug, package.pk)
    context |= {"form": form, "title": "Access package"}
    return render_form(request, "keeping/profile.html", context)


@allow(Permission.EXPORT, FORM, logs="access.downloaded")
def access(request: ConsoleRequest, package_id: UUID) -> HttpResponse:
    """How far it is; a POST is the one download, by the session that asked for it."""
    rows = request.tenant.packages.filter(requested_by=request.user, pk=package_id)
    package = get_object_or_404(
        rows, created_at__gte=timezone.now() - AccessPackage.KEPT
    )
    token = request.session.get(f"access-{package.pk}", "")
    if package.token_digest != _digest(token):
        raise Http404
    if request.method != "POST" or not package.content:
        context = build_profile_context(request, package.profile_id)
        context |= {"package": package}
        return render_part(
            request, "keeping/access.html", "keeping/_access.html", context
        )
    log_view(request.actor, "access.downloaded", "profile", package.profile_id)
    content = b64decode(decrypt(package.content, context=package.context))
    drop_packages(rows)
    del request.session[f"access-{package.pk}"]
    name = f"access-{package.profile_id[-6:]}.zip"
    return HttpResponse(
        content,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@task()
def build_package(package_id: str) -> bool:
    """Safe to run twice; False where it has been dropped meanwhile."""
    rows = AccessPackage.objects.filter(pk=package_id)
    package = rows.select_related("tenant").first()
    if package is None:
        return False
    store = open_store(package.tenant)
    whole = read_whole(store, package.profile_id, lambda part: rows.update(step=part))
    shown = msgspec.to_builtins(whole)
    parts = [(part, [*map(_write_readably, items)]) for part, items in shown.items()]
    context = {"parts": parts, "made_at": timezone.now(), "package": package}
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as file:
        data = msgspec.json.format(msgspec.json.encode(shown))
        file.writestr("everything.json", data)
        page = render_to_string("keeping/package.html", context)
        file.writestr("everything.html", page)
    content = b64encode(archive.getvalue()).decode()
    return bool(rows.update(content=encrypt(content, context=package.context)))


def _write_readably(item: Any) -> str:
    return str(yaml.safe_dump(item, allow_unicode=True, sort_keys=False))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@allow(Permission.HOLD, FORM, logs="hold.set")
def set_hold(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Nothing of a profile on hold is erased, by whatever way."""
    if asked := ask_who_it_is(request):
        return asked
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
            _log_hold(request, "hold.set", hold, form)
        messages.success(request, "The hold is set.")
        return redirect("customers:profile", request.tenant.slug, profile_id)
    context |= {"form": form, "title": "Set a hold"}
    return render_form(request, "keeping/profile.html", context)


def _log_hold(
    request: ConsoleRequest, action: str, hold: Hold, form: ReasonForm
) -> None:
    on, which = ("profile", hold.profile_id), str(hold.pk)
    log(request.actor, action, *on, reason=form.reason, hold=which)


@allow(Permission.HOLD, FORM, logs="hold.lifted")
def lift_hold(request: ConsoleRequest, hold_id: UUID) -> HttpResponse:
    hold = get_object_or_404(list_holds(request.tenant), pk=hold_id)
    if asked := ask_who_it_is(request):
        return asked
    form = LiftForm(request=request)
    if form.is_valid():
        with transaction.atomic():
            # Two officers at once: only one of them lifts it.
            here = list_holds(request.tenant).filter(pk=hold.pk)
            if here.update(lifted_at=timezone.now()):
                _log_hold(request, "hold.lifted", hold, form)
        messages.success(request, "Lifted. The profile can be erased again.")
        return redirect("keeping:overview", request.tenant.slug)
    context = {"form": form, "hold": hold, "title": "Lift a hold"}
    return render_form(request, "keeping/lift.html", context)
