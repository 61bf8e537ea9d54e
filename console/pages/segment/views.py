"""A tenant's Segment workspace: how it is set up and whether it works; what it knows of a
customer."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from console.audit.log import log_view
from console.client.errors import MemoryProblem
from console.client.segment import SegmentProblem
from console.contract.base import whole
from console.contract.segment import DEFAULT_TYPES, SPACE
from console.masking.masker import masker_for
from console.profiles.context import ask_head
from console.segment import workspaces
from console.segment.models import SECRETS, Workspace
from console.segment.showing import GROUP, list_ids, show_value
from console.tenants.actor import Permission
from console.web.access import FORM, POST, allow
from console.web.forms import ConsoleForm, StaffTextField
from console.web.render import ConsoleRequest, render_form, wants_part


class SecretField(forms.RegexField):
    def __init__(self, label: str) -> None:
        super().__init__(
            r"^[!-~]+\Z",
            label=label,
            max_length=200,
            strip=False,
            error_messages={"invalid": "Letters, digits and symbols only."},
            widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        )


class WorkspaceForm(ConsoleForm):
    """Secrets that are left empty stay as they are."""

    name = StaffTextField(
        label="Name", max_length=80, help_text="For reference in this console."
    )
    space = forms.RegexField(
        whole(SPACE),
        label="Space id",
        max_length=64,
        error_messages={"invalid": "A space id is spa_ and letters and digits."},
        help_text="Unify → Unify settings → API access; it begins with spa_.",
    )
    region = forms.ChoiceField(
        label="Region",
        choices=[("US", "United States"), ("EU", "European Union")],
        widget=forms.RadioSelect,
        help_text="Workspace settings → General. Events to the other one are lost.",
    )
    token = SecretField("Profile access token")
    write_key = SecretField("Write key")
    public_token = SecretField("Public API token")
    sends = forms.BooleanField(
        label="Send what was learned as it comes",
        required=False,
        help_text="Otherwise it waits in the outbox until somebody sends it.",
    )
    personalization = forms.BooleanField(
        label="Show what Segment knows of a customer",
        required=False,
        help_text="On the customer's card, in a group of its own.",
    )

    def __init__(
        self, data: Any, *, workspace: Workspace | None, asked: dict[str, str]
    ) -> None:
        kept = workspace and {
            name: getattr(workspace, name)
            for name in self.base_fields
            if name not in SECRETS
        }
        initial = kept or {"region": "US", "personalization": True} | asked
        super().__init__(data, initial=initial)
        where = {
            "token": "The same page → Generate token; shown there once.",
            "write_key": "Connections → Sources → a source that is connected to the "
            "space → Settings → API keys.",
            "public_token": "Workspace settings → Access management → Tokens, with the "
            "right to delete; without it Segment is not asked to delete customers who are deleted here.",
        }
        for each in SECRETS:
            is_kept = workspace and workspace.secrets.get(each)
            stored = (
                "Stored; leave empty to keep it." if is_kept else "Stored encrypted."
            )
            self.fields[each].help_text = f"{where[each]} {stored}"
            self.fields[each].required = workspace is None and each != "public_token"


@allow(Permission.MANAGE_SEGMENT, FORM, logs="segment.changed")
@sensitive_post_parameters(*SECRETS)
def workspace(request: ConsoleRequest) -> HttpResponse:
    """The settings, and whether they work, as far as it was asked."""
    kept = workspaces.find_workspace(request.tenant)
    form = WorkspaceForm(
        request.POST if request.method == "POST" else None,
        workspace=kept,
        asked=request.GET.dict(),
    )
    if form.is_valid():
        workspaces.change(request.actor, request.tenant, form.cleaned_data)
        messages.success(request, "Saved. Check whether it works.")
        return redirect("segment:workspace", request.tenant.slug)
    types = sorted(kept.types.items()) if kept else ()
    context = {
        "form": form,
        "workspace": kept,
        "always": DEFAULT_TYPES[:3],
        "shown_types": [(x, datetime.fromisoformat(since)) for x, since in types],
    }
    return render_form(request, "segment/workspace.html", context)


@allow(Permission.MANAGE_SEGMENT, POST, logs="segment.checked")
def check(request: ConsoleRequest) -> HttpResponse:
    """Asks for somebody with the token, and sends an event to see it arrive."""
    kept = _get_workspace(request)
    log_view(request.actor, "segment.checked", "store", request.tenant.store_id)
    checks = [workspaces.check_token(kept)]
    if checks[0].state == "passes":
        try:
            workspaces.send_probe(kept)
        except SegmentProblem as problem:
            checks.append(
                workspaces.SegmentCheck("Write key", "fails", problem.message)
            )
    return _show_checks(request, kept, checks)


@allow(Permission.MANAGE_SEGMENT, logs="none: whether an event of nobody has arrived")
def arrival(request: ConsoleRequest) -> HttpResponse:
    return _show_checks(request, _get_workspace(request), [])


def _show_checks(
    request: ConsoleRequest, kept: Workspace, checks: list[workspaces.SegmentCheck]
) -> HttpResponse:
    if not wants_part(request):
        return redirect("segment:workspace", request.tenant.slug)
    if not any(each.state == "fails" for each in checks):
        checks += [each for each in [workspaces.check_probe(kept)] if each]
    context = {
        "checks": checks,
        "waits": any(each.state == "waits" for each in checks),
        "tenant": request.tenant,
    }
    return render(request, "segment/_checks.html", context)


def _get_workspace(request: ConsoleRequest) -> Workspace:
    kept = workspaces.find_workspace(request.tenant)
    if kept is None:
        raise Http404
    return kept


@allow(Permission.VIEW_PROFILES, logs="segment.viewed", part_of="customers:profile")
def customer(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """A part of the card: what Segment knows, with source and time, masked as a trait
    group of that name."""
    kept = _get_workspace(request)
    if not kept.personalization:
        raise Http404
    log_view(request.actor, "segment.viewed", "profile", profile_id)
    context: dict[str, Any] = {"profile_id": profile_id, "workspace": kept}
    try:
        known, held = request.store.gather(*ask_head(request.store, profile_id))
        if isinstance(held, MemoryProblem):
            raise held
        found = workspaces.read_profile(kept, held)
    except (SegmentProblem, MemoryProblem) as problem:
        context["problem"] = problem
    else:
        # Nothing is revealed here: what the card shows clear, and nothing else, is so.
        mine = masker_for(request.actor, profile_id)
        masker = mine.beside(held, known.traits).by_rule
        context["found"] = found
        context["absence"] = found is None and workspaces.tell_absence(kept, held)
        context["traits"] = found and [
            (name, show_value(masker, GROUP, name, trait.value), trait)
            for name, trait in sorted(found.traits.items())
        ]
        context["ids"] = found and [*list_ids(found, masker)]
    return render(request, "segment/_customer.html", context)
