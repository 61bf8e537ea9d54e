"""From an answer of the memory to our values, one function for each kind."""

from dataclasses import replace
from typing import Any

from console.client import values
from console.client.http import Answer
from console.client.shapes import (
    check_same,
    convert,
    items,
    member,
    misshapen,
    page,
    reader,
    value,
    without_nulls,
)
from console.client.traces import Texts, Trace, TracedItem, TracedQuery


def accepted(answer: Answer) -> values.Operation:
    """The operation behind the 202 of a control plane write (contract 6)."""
    operation_id = answer.headers.get("Operation-Id")
    if not operation_id:
        raise misshapen(answer, " header Operation-Id")
    return values.Operation(operation_id, "PENDING")


def operation(answer: Answer, asked: str) -> values.Operation:
    result, error = member(answer, "result"), member(answer, "error")
    raw = answer.body | {
        "resultId": result.get("id"),
        "errorCode": error.get("code"),
        "error": error.get("detail") or error.get("title"),
    }
    shaped = value(answer, values.Operation, raw)
    check_same(answer, shaped.operation_id, asked)
    return shaped


def store(answer: Answer, asked: str) -> values.Store:
    shaped = value(answer, values.Store, answer.body)
    check_same(answer, shaped.id, asked)
    return shaped


def store_ids(answer: Answer) -> values.Page[str]:
    return page(answer, "stores", _store_id)


def identity_settings(answer: Answer) -> values.IdentitySettings:
    configs = items(answer, "identifierConfigs", reader(values.IdentifierConfig))
    raw = answer.body | {"identifierConfigs": configs}
    return value(answer, values.IdentitySettings, raw)


def trait_group(answer: Answer, asked: str) -> values.TraitGroup:
    """Contract 10.3: one group comes in a wrapper that the groups of a list lack."""
    shaped = _trait_group(answer, answer.body.get("traitGroup"), ".traitGroup")
    check_same(answer, shaped.display_name, asked)
    return shaped


def trait_groups(answer: Answer) -> values.Page[values.TraitGroup]:
    return page(answer, "traitGroups", _trait_group)


def profile_ids(answer: Answer) -> values.Page[str]:
    return page(answer, "profiles", _profile_id)


def created_profile(answer: Answer) -> str:
    return _profile_id(answer, answer.body.get("id"), ".id")


def profile(answer: Answer, asked: str) -> values.Profile:
    groups = without_nulls(member(answer, "traits"))
    traits = {name: without_nulls(group) for name, group in groups.items()}
    shaped = value(answer, values.Profile, answer.body | {"traits": traits})
    check_same(answer, shaped.id, asked, answer.canonical_id)
    return replace(shaped, canonical_id=answer.canonical_id)


def lookup(answer: Answer) -> values.Lookup:
    return value(answer, values.Lookup, answer.body)


def identifiers(answer: Answer) -> tuple[values.Identifier, ...]:
    return items(answer, "identifiers", reader(values.Identifier))


def traits(answer: Answer) -> values.Page[values.Trait]:
    return page(answer, "traits", reader(values.Trait))


def observation(answer: Answer, asked: str) -> values.Observation:
    shaped = value(answer, values.Observation, answer.body)
    check_same(answer, shaped.id, asked)
    return shaped


def observations(answer: Answer) -> values.Page[values.Observation]:
    return page(answer, "observations", reader(values.Observation))


def revisions(answer: Answer, asked: str) -> values.Page[values.Observation]:
    revisions = page(answer, "revisions", reader(values.Observation))
    for revision in revisions.items:
        check_same(answer, revision.id, asked)
    return revisions


def summary(answer: Answer, asked: str) -> values.Summary:
    shaped = value(answer, values.Summary, answer.body)
    check_same(answer, shaped.id, asked)
    return shaped


def summaries(answer: Answer) -> values.Page[values.Summary]:
    return page(answer, "summaries", reader(values.Summary))


def recall(answer: Answer) -> values.Recall:
    query_time_ms = member(answer, "meta").get("queryTime")
    return values.Recall(
        observations=items(answer, "observations", reader(values.Observation)),
        summaries=items(answer, "summaries", reader(values.Summary)),
        communications=items(answer, "communications", _anything),
        query_time_ms=convert(answer, int, query_time_ms, ".meta.queryTime"),
        exchange=values.Exchange(
            method=answer.call.method,
            path=answer.call.path,
            request=answer.call.body,
            status=answer.status,
            response=answer.body,
            elapsed_ms=answer.elapsed_ms,
        ),
        trace=_trace(answer),
        canonical_id=answer.canonical_id,
    )


def _trace(answer: Answer) -> Trace | None:
    """None where the memory gave none, and for newest first, which has no scores."""
    raw = member(answer, "trace")
    if not raw.get("items") and not raw.get("queries"):
        return None
    inner = replace(answer, body=raw)
    return Trace(
        embedder=convert(inner, str, raw.get("embedder", ""), ".embedder"),
        texts=value(inner, Texts, member(inner, "texts"), ".texts"),
        queries=items(inner, "queries", reader(TracedQuery)),
        items=items(inner, "items", reader(TracedItem)),
    )


def _store_id(answer: Answer, raw: Any, place: str) -> str:
    return convert(answer, values.StoreId, raw, place)


def _profile_id(answer: Answer, raw: Any, place: str) -> str:
    return convert(answer, values.ProfileId, raw, place)


def _anything(answer: Answer, raw: Any, place: str) -> dict[str, Any]:
    return convert(answer, dict[str, Any], raw, place)


def _trait_group(answer: Answer, raw: Any, place: str) -> values.TraitGroup:
    definitions = raw.get("traits") if isinstance(raw, dict) else None
    if not isinstance(definitions, dict):
        return value(answer, values.TraitGroup, raw, place)
    traits = {
        name: value(answer, values.TraitDefinition, definition, f"{place}.traits[...]")
        for name, definition in definitions.items()
    }
    return value(answer, values.TraitGroup, raw | {"traits": traits}, place)
