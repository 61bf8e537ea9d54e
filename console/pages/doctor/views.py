"""The doctor: where a tenant's conversations stop on their way into its memory."""

from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from msgspec.structs import replace

from console.audit.log import log, log_change, log_view
from console.contract.conversations.configuration import (
    PatchConfiguration,
    StatusTimeouts,
)
from console.contract.ids import CONVERSATION_ID, PROFILE_ID
from console.monitoring.checks import CHECKS, find_first, judge_all
from console.monitoring.evidence import gather_evidence
from console.monitoring.nightly import keep_verdicts
from console.profiles.identity import count_lookup, log_lookup
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.web.access import FORM, POST, allow, check_may
from console.web.forms import ConsoleForm, InvalidQuery, StaffTextField
from console.web.render import ConsoleRequest, render_form
from console.web.times import DayField

ASKED_MAX = 254
# What the vendor suggests, in minutes. Conversations 12.1.
SUGGESTED = StatusTimeouts(inactive=10, closed=60)


class IgnoreForm(ConsoleForm):
    until = DayField(
        label="Ignore until", help_text="Empty: what it finds counts again."
    )
    reason = StaffTextField(label="Reason", max_length=200)

    def clean_until(self) -> object:
        day = self.cleaned_data["until"]
        if day and day <= timezone.now().date():
            raise forms.ValidationError("Must be a day to come.")
        return day


@allow(Permission.CHECK_CONNECTION, FORM, logs="linkage.checked profile.found")
def doctor(request: ConsoleRequest) -> HttpResponse:
    """Of the tenant, of one conversation, or of the newest one of a customer."""
    asked = (request.POST.get("of") or request.GET.get("of", ""))[:ASKED_MAX].strip()
    ids = {"conversation": CONVERSATION_ID, "profile": PROFILE_ID}
    kind = next((name for name, form in ids.items() if form.fullmatch(asked)), "")
    is_address = asked and not kind
    if kind == "profile" or is_address:
        check_may(request, Permission.VIEW_PROFILES)
    if is_address:
        if request.method != "POST":
            raise InvalidQuery("Ask for a number in the form: no link holds one.")
        count_lookup(request.actor, asked)
    on = (kind, asked) if kind else ("store", request.tenant.store_id)
    log_view(request.actor, "linkage.checked", *on)
    evidence = gather_evidence(request.tenant, asked)
    if is_address:
        log_lookup(request.actor, asked, evidence.match.value)
    verdicts = judge_all(evidence, request.tenant.known_findings)
    if not asked:
        keep_verdicts(request.tenant, verdicts)
    context = {
        "asked": asked,
        "hops": [(x, list(of)) for x, of in groupby(verdicts, lambda v: v.hop)],
        "first": find_first(verdicts),
        "doubts": sum(verdict.state == "warn" for verdict in verdicts),
        "subject": evidence.subject.value,
        "known": request.tenant.known_findings,
    }
    return render(request, "doctor/doctor.html", context)


@allow(Permission.FIX_LINKAGE, POST, logs="linkage.mended")
def fix_linkage(request: ConsoleRequest, name: str) -> HttpResponse:
    """What is safe by one click: extraction is switched on, or timers are set."""
    client, on = request.store.conversations, request.POST.get("on", "")
    found = (x for x in client.list_configurations().items if x.id == on)
    configuration = next(found, None)
    if configuration is None or name not in {"extraction", "timers"}:
        raise Http404
    change = PatchConfiguration(memory_extraction_enabled=True)
    if name == "timers":
        # A channel is replaced whole: its rules are sent along.
        channels: dict[Any, Any] = {
            channel: replace(setting, status_timeouts=SUGGESTED)
            for channel, setting in configuration.channel_settings.items()
        }
        change = PatchConfiguration(channel_settings=channels)
    with log_change(request.actor, "linkage.mended", "configuration", on, change=name):
        client.patch_configuration(on, change)
    messages.success(request, "Done. Conversations that begin from now on follow it.")
    return redirect("doctor:doctor", request.tenant.slug)


@allow(Permission.FIX_LINKAGE, FORM, logs="finding.ignored")
def ignore_finding(request: ConsoleRequest, name: str) -> HttpResponse:
    """What a check finds is known: until a day, for a reason."""
    if name not in CHECKS:
        raise Http404
    known = request.tenant.known_findings.get(name, {})
    form = IgnoreForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        day, reason = form.cleaned_data["until"], form.cleaned_data["reason"]
        facts: dict[str, Any] = {"check": name, "until": str(day or "")}
        with transaction.atomic():
            tenant = Tenant.objects.select_for_update().get(pk=request.tenant.pk)
            kept = {name: {"until": str(day), "reason": reason}} if day else {}
            others = {k: v for k, v in tenant.known_findings.items() if k != name}
            tenant.known_findings = others | kept
            tenant.save(update_fields=["known_findings"])
            on = ("store", tenant.store_id)
            log(request.actor, "finding.ignored", *on, reason=reason, **facts)
        return redirect("doctor:doctor", tenant.slug)
    context = {"form": form, "check": CHECKS[name]}
    return render_form(request, "doctor/ignore.html", context)
