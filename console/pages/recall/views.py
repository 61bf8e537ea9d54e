"""The Recall simulator: ask a memory as an agent would, and see why it answered so.

Limits of a query: docs/contract.md, section 11.6.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from console.audit.log import log_view
from console.client.errors import MemoryNotFound
from console.contract.ids import PROFILE_ID
from console.contract.memory.observation import CONVERSATION_ID_MAX
from console.contract.memory.recall import (
    RECALL_ITEMS,
    RECALL_OBSERVATIONS,
    RECALL_QUERY_MAX,
    RECALL_SUMMARIES,
)
from console.masking.masker import masker_for
from console.masking.models import count_question, get_digest
from console.pages.recall.selectors import RecallRun, recall_profile
from console.profiles.identity import Match, log_lookup, look_up
from console.tenants.actor import Permission
from console.tenants.vault import open_store
from console.web.forms import ConsoleForm, DayField, check_conversation, check_plain
from console.web.render import ConsoleRequest, render_part, require_permission
from console.web.session import TypedForgotten, build_typed_url, read_typed


class Mode:
    QUERY, CONVERSATION, RECENT = "query", "conversation", "recent"
    CHOICES = ((QUERY, "Query"), (CONVERSATION, "Conversation"), (RECENT, "Recent"))


class RunForm(ConsoleForm):
    """identity, mode and the mode's own text, how many items, which days (UTC)."""

    identity = forms.CharField(
        max_length=512,
        validators=[check_plain],
        error_messages={
            "required": "Enter an identifier, as type:value, or a profile id."
        },
        widget=forms.TextInput(
            attrs={
                "placeholder": "email:…  phone:…  profile id",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    mode = forms.ChoiceField(
        choices=Mode.CHOICES, initial=Mode.QUERY, widget=forms.RadioSelect
    )
    query = forms.CharField(
        required=False,
        max_length=RECALL_QUERY_MAX,
        validators=[check_plain],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    conversation = forms.CharField(
        required=False,
        max_length=CONVERSATION_ID_MAX,
        label="Conversation id",
        validators=[check_conversation],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    observations = forms.IntegerField(
        initial=RECALL_OBSERVATIONS, min_value=0, max_value=RECALL_ITEMS
    )
    summaries = forms.IntegerField(
        initial=RECALL_SUMMARIES, min_value=0, max_value=RECALL_ITEMS
    )
    threshold = forms.FloatField(
        initial=0,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
    )
    begin = DayField(label="From")
    end = DayField(label="Before")
    explain = forms.BooleanField(required=False, label="Explain scores")

    @classmethod
    def from_link(cls, values: dict[str, str]) -> "RunForm":
        """The form filled in and not yet sent; the cursor is where to type next."""
        form = cls(initial=values)
        field = form.fields["query" if values.get("identity") else "identity"]
        field.widget.attrs["autofocus"] = True
        return form

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        mode = cleaned.get("mode")
        if mode == Mode.QUERY and not cleaned.get("query") and "query" in cleaned:
            self.add_error("query", "Enter a query, or choose another mode.")
        if mode == Mode.CONVERSATION and not cleaned.get("conversation", "x"):
            self.add_error("conversation", "Enter the conversation's id.")
        begin, end = cleaned.get("begin"), cleaned.get("end")
        if begin and end and end <= begin:
            self.add_error("end", "Must be after the first day.")
        return cleaned

    def build_question(self) -> dict[str, Any]:
        """The keyword arguments of StoreClient.recall; the mode decides which text."""
        asked = self.cleaned_data
        mode = asked["mode"]
        return {
            "query": asked["query"] if mode == Mode.QUERY else "",
            "conversation_id": (
                asked["conversation"] if mode == Mode.CONVERSATION else ""
            ),
            "begin": get_midnight(asked["begin"]),
            "end": get_midnight(asked["end"]),
            "observations_limit": asked["observations"],
            "summaries_limit": asked["summaries"],
            "relevance_threshold": asked["threshold"],
            "trace": asked["explain"],
        }


def get_midnight(day: date | None) -> datetime | None:
    """When a day begins, UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC) if day else None


@require_http_methods(["GET", "HEAD", "POST"])
@require_permission(Permission.RUN_RECALL)
def run(request: ConsoleRequest) -> HttpResponse:
    """The form, and the results once an identity is given.

    What is typed is only the way in. It is answered by a redirect to the run's own
    address, which names the profile by its id and the query by its key.
    """
    try:
        given = _read_given(request)
    except TypedForgotten as forgotten:
        return _render_run(
            request, RunForm.from_link(request.GET.dict()), warning=forgotten.message
        )
    # A link that names at most who, and how, asks nothing yet.
    waits = given.get("mode") == Mode.QUERY and "query" not in given
    if request.method != "POST" and (waits or not given.get("identity")):
        return _render_run(request, RunForm.from_link(given))
    form = RunForm(_add_defaults(given))
    if not form.is_valid():
        return _render_run(request, form)
    identity = form.cleaned_data["identity"].strip()
    if PROFILE_ID.fullmatch(identity):
        if request.method == "POST" or "query" in request.GET:
            return redirect(_build_run_url(request, given, identity))
        return _run_for_profile(request, form, identity)
    match = look_up(request.actor, identity)
    if match.profile_id:
        return redirect(_build_run_url(request, given, match.profile_id))
    if match.profiles:
        form.add_error("identity", "Several profiles have this: choose one below.")
    else:
        message = match.problem or f"No profile has this {match.id_type}."
        form.add_error("identity", message)
    found = [(id_, _build_run_url(request, given, id_)) for id_ in match.profiles]
    return _render_run(request, form, candidates=found)


def _read_given(request: ConsoleRequest) -> dict[str, str]:
    """What the form sent, or what an address names."""
    sent = request.POST if request.method == "POST" else request.GET
    given = {name: str(value) for name, value in sent.items() if value}
    if query := read_typed(request):
        given.setdefault("query", query)
    return given


def _add_defaults(given: dict[str, str]) -> dict[str, str]:
    """A deep link may leave out the mode and the limits."""
    implied = Mode.CONVERSATION if "conversation" in given else Mode.RECENT
    defaults = {
        name: str(RunForm.base_fields[name].initial)
        for name in ("observations", "summaries", "threshold")
    } | {"mode": Mode.QUERY if "query" in given else implied}
    return defaults | given


def _run_for_profile(
    request: ConsoleRequest, form: RunForm, profile_id: str
) -> HttpResponse:
    asked = form.cleaned_data
    query = get_digest(request.actor, "recall.run", asked["query"])
    if asked["explain"]:
        count_question(request.actor, "recall.run", query)
    try:
        recall_run = recall_profile(
            open_store(request.tenant),
            profile_id,
            mode=asked["mode"],
            question=form.build_question(),
            masker=masker_for(request.actor, profile_id),
            rule_masker=masker_for(request.actor),
        )
    except MemoryNotFound:
        log_lookup(request.actor, profile_id, Match())
        form.add_error("identity", "No profile has this id.")
        return _render_run(request, form, status=404)
    if recall_run.is_by_whole_texts and not asked["explain"]:
        count_question(request.actor, "recall.run", query)
    recall = recall_run.recall
    log_view(
        request.actor,
        "recall.run",
        "profile",
        recall_run.profile.id,
        mode=recall_run.mode_ran,
        observations=len(recall.observations),
        summaries=len(recall.summaries),
        ms=round(recall.exchange.elapsed_ms),
        explained=int(asked["explain"]),
        looked_for=query,
    )
    response = _render_run(request, form, run=recall_run)
    # Only a run's own address, which names an id, goes into the browser's history.
    response["HX-Push-Url"] = request.get_full_path()
    return response


def _build_run_url(
    request: ConsoleRequest, given: dict[str, str], profile_id: str
) -> str:
    kept = {name: value for name, value in given.items() if name in RunForm.base_fields}
    query = kept.pop("query", "")
    return build_typed_url(request, query, kept | {"identity": profile_id})


def _render_run(
    request: ConsoleRequest,
    form: RunForm,
    *,
    run: RecallRun | None = None,
    candidates: Sequence[tuple[str, str]] = (),
    warning: str = "",
    status: int = 0,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "run": run,
        "candidates": candidates,
        "warning": warning,
    }
    return render_part(
        request,
        "recall/run.html",
        "recall/_run.html",
        context,
        status=status or (422 if form.errors else 200),
    )
