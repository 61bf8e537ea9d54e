"""A tenant's assistants: what each is given, and whether it tells Segment."""

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from console.audit.log import log
from console.client.errors import MemoryProblem
from console.profiles.prompt import MEMORY, SAID
from console.segment.models import Assistant
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.tenants.vault import open_account
from console.web.access import FORM, POST, allow
from console.web.forms import ConsoleForm, StaffTextField, check_plain
from console.web.render import ConsoleRequest, render_form


class AssistantForm(ConsoleForm):
    name = StaffTextField(label="Name", max_length=80)
    description = StaffTextField(label="What it does", max_length=400, required=False)
    personalization = forms.BooleanField(
        label="Personalization",
        required=False,
        help_text="It is given what Segment knows of the customer.",
    )
    perception = forms.BooleanField(
        label="Perception",
        required=False,
        help_text="What is learned from its conversations goes into Segment's outbox.",
    )
    uses_memory = forms.BooleanField(
        label="Memory",
        required=False,
        help_text="It is given what this tenant's store remembers of the customer.",
    )
    knowledge_bases = forms.MultipleChoiceField(
        label="Knowledge bases",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Choose none to use all of the tenant's.",
    )
    observations_limit = forms.IntegerField(
        label="Maximum observations", min_value=0, max_value=20
    )
    summaries_limit = forms.IntegerField(
        label="Maximum summaries", min_value=0, max_value=20
    )
    least_score = forms.FloatField(
        label="Minimum score",
        min_value=0,
        max_value=1,
        help_text="0 to 1: what Recall is less sure of is left out.",
    )
    prompt = forms.CharField(
        label="Prompt template",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=f"{MEMORY} stands for what is known of the customer, {SAID} for what "
        "was said.",
    )

    def __init__(self, data: Any, *, kept: Assistant) -> None:
        initial = {name: getattr(kept, name) for name in self.base_fields}
        super().__init__(data, initial=initial)
        self.kept = kept
        if kept.tenant.knowledge_bases:
            choices = _name_bases(kept.tenant)
            self.fields["knowledge_bases"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["knowledge_bases"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = self.kept.tenant.assistants.exclude(pk=self.kept.pk)
        if others.filter(name=name).exists():
            raise forms.ValidationError("Another assistant has this name.")
        return name

    def clean_prompt(self) -> str:
        prompt: str = self.cleaned_data["prompt"].replace("\r\n", "\n")
        for line in prompt.split("\n"):
            check_plain(line)
        if missing := [mark for mark in (MEMORY, SAID) if mark not in prompt]:
            raise forms.ValidationError(f"{missing[0]} is missing.")
        return prompt


def _name_bases(tenant: Tenant) -> list[tuple[str, str]]:
    names = {}
    with suppress(MemoryProblem):
        bases = open_account(tenant).knowledge.list_bases().items
        names = {each.id: each.display_name for each in bases}
    return [(id_, names.get(id_, id_)) for id_ in tenant.knowledge_bases]


@allow(Permission.MANAGE_ASSISTANTS, logs="none: names of assistants")
def list_assistants(request: ConsoleRequest) -> HttpResponse:
    rows = request.tenant.assistants.order_by("name")
    return render(request, "segment/assistants.html", {"assistants": rows})


@allow(Permission.MANAGE_ASSISTANTS, FORM, logs="assistant.changed")
def edit_assistant(request: ConsoleRequest, number: int = 0) -> HttpResponse:
    """One that is there, or a new one."""
    kept = _get(request, number) if number else Assistant(tenant=request.tenant)
    form = AssistantForm(request.POST if request.method == "POST" else None, kept=kept)
    if form.is_valid():
        with transaction.atomic():
            changed = [name for name in form.changed_data if name in form.cleaned_data]
            for name, value in form.cleaned_data.items():
                setattr(kept, name, value)
            kept.save()
            _log(request, kept, ", ".join(changed))
        return redirect("segment:assistants", request.tenant.slug)
    return render_form(request, "segment/assistant.html", {"form": form, "kept": kept})


@allow(Permission.MANAGE_ASSISTANTS, POST, logs="assistant.changed")
def remove_assistant(request: ConsoleRequest, number: int) -> HttpResponse:
    kept = _get(request, number)
    with transaction.atomic():
        _log(request, kept, "removed")
        kept.delete()
    messages.success(request, f"{kept.name} was removed.")
    return redirect("segment:assistants", request.tenant.slug)


def _get(request: ConsoleRequest, number: int) -> Assistant:
    return get_object_or_404(request.tenant.assistants, pk=number)


def _log(request: ConsoleRequest, kept: Assistant, changed: str) -> None:
    on = ("assistant", str(kept.pk))
    log(request.actor, "assistant.changed", *on, changed=changed)
