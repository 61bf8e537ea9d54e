"""Deleting an observation, a summary or a profile, and what became of it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.crypto import constant_time_compare

from console.audit.log import REASON_MAX, log_view
from console.masking.masker import masker_for
from console.pages.deletions.models import TAIL, Deletion, Target
from console.pages.deletions.services import (
    Preview,
    build_preview,
    delete_item,
    find_standing_deletion,
    settle_deletion,
    verify_again,
)
from console.profiles.items import OBSERVATION, PROFILE, SUMMARY
from console.tenants.actor import Permission, may, who_may
from console.tenants.models import Tenant
from console.web.forms import ConsoleForm, InvalidQuery, StaffTextField
from console.web.render import (
    FORM,
    POST,
    ConsoleRequest,
    allow,
    check_may,
    render_form,
    render_part,
)

PAGE_ROWS = 50
RETURNED = Deletion.State.RETURNED
NAME_SHOWN = 80
OTHER_FIELDS = frozenset({"csrfmiddlewaretoken", "inventory"})


class ConfirmDeletionForm(ConsoleForm):
    """Accepts exactly its own fields, once each, for the inventory that was shown."""

    use_required_attribute = False

    reason_code = forms.ChoiceField(
        label="Why",
        choices=[("", "Choose"), *Deletion.ReasonCode.choices],
        error_messages={"required": "Choose a reason."},
    )
    reason = StaffTextField(
        label="Details",
        min_length=5,
        max_length=REASON_MAX,
        help_text="At least 5 characters, kept in the audit log. Name a ticket, not a"
        " customer.",
        error_messages={"required": "Explain the reason in your own words."},
    )
    # Unstripped: what is typed has to be exact.
    confirmation = forms.CharField(
        label=f"Last {TAIL} characters of the id", max_length=64, strip=False
    )
    tenant_confirmation = forms.CharField(
        label="The tenant's short name", max_length=64, strip=False
    )

    def __init__(
        self, *args: Any, target: Target, tenant: Tenant, inventory: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.target, self.tenant, self.inventory = target, tenant, inventory
        self.fields["confirmation"].help_text = f"Type {target.tail}"
        self.fields["tenant_confirmation"].help_text = f"Type {tenant.slug}"
        if not target.is_profile:
            del self.fields["tenant_confirmation"]
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"

    def clean_confirmation(self) -> str:
        return self._check_equal("confirmation", self.target.tail)

    def clean_tenant_confirmation(self) -> str:
        return self._check_equal("tenant_confirmation", self.tenant.slug)

    def clean(self) -> None:
        for name in self.data:
            if name not in self.fields and name not in OTHER_FIELDS:
                self.add_error(None, f"{name[:NAME_SHOWN]}: unknown field.")
            elif len(self.data.getlist(name)) > 1:  # type: ignore[attr-defined]
                self.add_error(None, f"{name}: duplicate.")
        seen = self.data.get("inventory", "")
        if not constant_time_compare(seen, self.inventory):
            self._clear_confirmations()
            self.add_error(
                None,
                "The data changed after this page was loaded. Nothing was deleted: "
                "review it again, then confirm.",
            )

    def _clear_confirmations(self) -> None:
        """They confirmed another content: they have to be typed again."""
        forgotten = {"confirmation": "", "tenant_confirmation": ""}
        self.data = {**self.data.dict(), **forgotten}  # type: ignore[attr-defined]

    def _check_equal(self, name: str, expected: str) -> str:
        typed: str = self.cleaned_data[name]
        if typed != expected:
            raise forms.ValidationError(f"Type exactly: {expected}")
        return typed


@allow(Permission.PREVIEW_DELETION, FORM)
def delete_observation(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    return _confirm(request, Target(OBSERVATION, profile_id, observation_id))


@allow(Permission.PREVIEW_DELETION, FORM)
def delete_summary(
    request: ConsoleRequest, profile_id: str, summary_id: str
) -> HttpResponse:
    return _confirm(request, Target(SUMMARY, profile_id, summary_id))


@allow(Permission.PREVIEW_DELETION, FORM)
def delete_profile(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    return _confirm(request, Target(PROFILE, profile_id, profile_id))


def _confirm(request: ConsoleRequest, target: Target) -> HttpResponse:
    """A preview of the deletion and, for those who may delete, the form."""
    if request.method == "POST":
        check_may(request, Permission.DELETE)
        # An ignored parameter could have meant something.
        if request.GET:
            names = ", ".join(sorted(request.GET))[:NAME_SHOWN]
            raise InvalidQuery(f"{names}: unknown parameter. Nothing was deleted.")
    if not target.is_well_formed:
        raise Http404
    standing = find_standing_deletion(request.tenant, target)
    if standing and verify_again(standing, request.actor).state == RETURNED:
        standing = None
    if standing and may(request.role, Permission.VIEW_DELETIONS):
        return _redirect_to_standing(request, standing)
    masker = masker_for(request.actor, target.profile_id).by_rule
    preview = build_preview(request.store, target, masker)
    if preview.canonical_id:
        merged = target.move_to(preview.canonical_id)
        return redirect(merged.confirm_url(request.tenant.slug))
    form = ConfirmDeletionForm(
        request.POST if request.method == "POST" else None,
        target=target,
        tenant=request.tenant,
        inventory=preview.inventory,
    )
    if form.is_valid():
        deletion = delete_item(
            target,
            request.actor,
            counts=preview.counts,
            reason_code=form.cleaned_data["reason_code"],
            reason=form.cleaned_data["reason"],
        )
        return _redirect_to_standing(request, deletion)
    return _show_preview(request, target, preview, form)


def _show_preview(
    request: ConsoleRequest, target: Target, preview: Preview, form: ConfirmDeletionForm
) -> HttpResponse:
    log_view(
        request.actor,
        "deletion.previewed",
        target.kind.name,
        target.object_id,
        about=[target.profile_id],
        **preview.counts,
    )
    may_delete = may(request.role, Permission.DELETE)
    context = {
        "target": target,
        "preview": preview,
        "form": form if may_delete else None,
        "who_may_delete": who_may(Permission.DELETE),
    }
    return render_form(request, "deletions/confirm.html", context)


def _redirect_to_standing(request: ConsoleRequest, deletion: Deletion) -> HttpResponse:
    """To the deletion that exists already; the second person is told so."""
    if request.method == "POST" and deletion.requested_by_id != request.user.pk:
        messages.warning(
            request,
            f"{deletion.requested_by.email} requested this deletion before you. "
            "Your request was not carried out.",
        )
    return _redirect_to_receipt(request, deletion)


def _redirect_to_receipt(request: ConsoleRequest, deletion: Deletion) -> HttpResponse:
    return redirect("deletions:deletion", request.tenant.slug, deletion.pk)


@allow(Permission.VIEW_DELETIONS)
def list_deletions(request: ConsoleRequest) -> HttpResponse:
    """Newest first; htmx gets the rows alone."""
    deletions = Deletion.objects.of(request.tenant).select_related("requested_by")
    pages = Paginator(deletions.order_by("-created_at", "id"), PAGE_ROWS)
    return render_part(
        request,
        "deletions/list.html",
        "deletions/_deletions.html",
        {
            "page": pages.get_page(request.GET.get("page")),
            "returned": deletions.returned().order_by("-returned_at", "id"),
        },
    )


def count_open(request: ConsoleRequest) -> int:
    """Not confirmed, or back again."""
    deletions = Deletion.objects.of(request.tenant)
    unsure = deletions.filter(state=Deletion.State.UNKNOWN).count()
    return unsure + deletions.returned().count()


@allow(Permission.VIEW_DELETIONS)
def show_deletion(request: ConsoleRequest, deletion_id: UUID) -> HttpResponse:
    """The receipt: who, when, why, what was deleted and how that was verified."""
    deletions = Deletion.objects.of(request.tenant).select_related("requested_by")
    shown = get_object_or_404(deletions, pk=deletion_id)
    context = {
        "deletion": shown,
        "retry_url": shown.target.confirm_url(request.tenant.slug),
        # Where the item can be deleted after a merge.
        "merged_url": (
            shown.target.move_to(shown.canonical_id).confirm_url(request.tenant.slug)
            if shown.canonical_id
            else ""
        ),
    }
    return render(request, "deletions/deletion.html", context)


@allow(Permission.DELETE, POST)
def check_again(request: ConsoleRequest, deletion_id: UUID) -> HttpResponse:
    """Ask the memory about an attempt that is not confirmed."""
    deletions = Deletion.objects.of(request.tenant).select_related("tenant")
    settled = get_object_or_404(deletions, pk=deletion_id)
    settle_deletion(settled, request.actor)
    return _redirect_to_receipt(request, settled)
