"""A run: from what was given to what came, and its address."""

import dataclasses
from collections.abc import Callable
from functools import partial

from django.http import QueryDict
from django.urls import reverse

from console.audit.log import log_view
from console.client.errors import MemoryNotFound
from console.masking.masker import masker_for
from console.masking.models import count_question, get_digest
from console.pages.recall.forms import (
    ASSISTANT,
    BUDGET_MAX,
    RunForm,
    build_question,
)
from console.pages.recall.models import RecallMark
from console.pages.recall.selectors import RecallRun, build_run_prompt, recall_profile
from console.pages.recall.verdict import Question, Reason
from console.profiles.identity import Match, log_lookup
from console.profiles.knowledge import quote_knowledge
from console.profiles.prompt import Prompt
from console.segment.models import Assistant
from console.segment.showing import run_engines
from console.tenants.models import Tenant
from console.web.render import ConsoleRequest
from console.web.session import build_typed_url, read_typed


def read_given(request: ConsoleRequest, sent: QueryDict) -> dict[str, str]:
    """What the form sent, or what an address names, its query too. Raises
    TypedForgotten."""
    given = {name: str(value) for name, value in sent.items() if value}
    if query := read_typed(request, sent):
        given.setdefault("query", query)
    return given


def recall_by_form(
    request: ConsoleRequest, form: RunForm, profile_id: str
) -> RecallRun | None:
    """What the form asks; counted and logged. None: no profile has this id, as the form
    then says."""
    asked = form.cleaned_data
    question = build_question(asked)
    assistant = find_assistant(request.tenant, asked["template"])
    if assistant:
        question |= {
            "observations_limit": assistant.observations_limit * assistant.uses_memory,
            "summaries_limit": assistant.summaries_limit * assistant.uses_memory,
            "relevance_threshold": assistant.least_score,
        }
    query = get_digest(request.actor, "recall.run", question["query"])
    if question["trace"]:
        count_question(request.actor, "recall.run", query)
    masker, template = masker_for(request.actor, profile_id), asked["template"]
    try:
        found = recall_profile(
            request.store,
            profile_id,
            mode=asked["mode"],
            question=question,
            masker=masker,
        )
    except MemoryNotFound:
        log_lookup(request.actor, profile_id, Match())
        form.add_error("identity", "No profile has this id.")
        return None
    if found.is_by_whole_texts and not question["trace"]:
        count_question(request.actor, "recall.run", query)
    recall = found.recall
    log_view(
        request.actor,
        "recall.run",
        "profile",
        found.profile.id,
        mode=found.mode_ran,
        observations=len(recall.observations),
        summaries=len(recall.summaries),
        ms=round(recall.exchange.elapsed_ms),
        explained=int(question["trace"]),
        looked_for=query,
    )
    if template:
        asked_for = question["query"] or found.last_word
        bases = assistant.knowledge_bases if assistant else ()
        knowledge = quote_knowledge(request.tenant, asked_for, bases)
        if assistant:
            store, id_ = request.store, found.profile.id
            engines = run_engines(assistant, store, id_, masker.by_rule)
            found = dataclasses.replace(found, engines=engines)
        parts = found, masker, template, knowledge
        write = partial(build_run_prompt, request.store, *parts)
        return _add_prompt(found, write, asked["budget"])
    return found


def find_assistant(tenant: Tenant, template: str) -> Assistant | None:
    named = ASSISTANT.fullmatch(template)
    rows = tenant.assistants.select_related("tenant")
    return rows.filter(pk=named[1]).first() if named else None


def _add_prompt(
    run: RecallRun, write: Callable[[int], Prompt], budget: int
) -> RecallRun:
    """What was expected may have come, and be left out by the budget: the verdict is then
    the budget that keeps it. A greater one may first keep what else it left out."""
    prompt, least, expected = write(budget), budget, run.expected
    kept = prompt
    while expected and (excess := kept.count_excess(expected.id)):
        least += excess
        kept = write(least)
    if expected and expected.verdict and least > budget:
        change = {"budget": least} if least <= BUDGET_MAX else {}
        verdict = dataclasses.replace(
            expected.verdict, reason=Reason.BUDGET, change=change
        )
        expected = dataclasses.replace(expected, verdict=verdict)
    return dataclasses.replace(run, prompt=prompt, expected=expected)


def build_run_url(
    request: ConsoleRequest, given: dict[str, str], profile_id: str
) -> str:
    kept = {name: value for name, value in given.items() if name in RunForm.base_fields}
    query = kept.pop("query", "")
    url = build_typed_url(request, query, kept | {"identity": profile_id})
    page = reverse("recall:run", args=[request.tenant.slug])
    return f"{page}?{url.partition('?')[2]}"


def find_marks(
    request: ConsoleRequest, question: Question, profile_id: str
) -> dict[str, list[str]]:
    """Ids of items, by what was said of them for this question."""
    run = RecallMark.digest_run(request.actor, question)
    marks = request.tenant.recall_marks.filter(profile_id=profile_id, run=run)
    ids = marks.values_list("item_id", flat=True)
    return {
        "wanted": list(ids.filter(is_wanted=True)),
        "unwanted": list(ids.filter(is_wanted=False)),
    }
