"""What goes to Segment and comes from there, as a person may see it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import Any

from django.utils import timezone

from console.client.segment import SegmentProblem
from console.client.store import StoreClient
from console.masking.masker import MaskedValue, Masker
from console.segment.models import Assistant, Outgoing
from console.segment.outbox import find_learned
from console.segment.workspaces import (
    SegmentProfile,
    find_workspace,
    read_profile,
    tell_absence,
)

# The group that Segment's own traits are masked as.
GROUP = "Segment"
SENT_SHOWN, SENT_DAYS = 5, 14


@dataclass(frozen=True, slots=True)
class Engines:
    """What an assistant is given of Segment, and what would be sent there; None where
    the engine is off, `problem` why nothing came.

    traits    names and values, masked, for a prompt
    asked, answered   as they went over the wire, masked; `ms` that took,
              next to none where it is known from the minute before
    sends     the events, as JSON
    """

    assistant: Assistant
    asked: str = ""
    answered: str = field(default="", repr=False)
    problem: str = ""
    ms: int = 0
    traits: Sequence[tuple[str, str]] = field(default=(), repr=False)
    sends: Sequence[str] = field(default=(), repr=False)


def run_engines(
    assistant: Assistant,
    store: StoreClient,
    profile_id: str,
    masker: Masker,
    conversation_id: str = "",
) -> Engines:
    """`conversation_id`: of what was learned, that from there alone."""
    told: dict[str, Any] = {}
    if assistant.personalization:
        began = monotonic()
        told = _ask(assistant, store, profile_id, masker)
        told["ms"] = round((monotonic() - began) * 1000)
    if assistant.perception:
        since = timezone.now() - timedelta(days=SENT_DAYS)
        learned = find_learned(store, profile_id, since, conversation_id)
        told["sends"] = [
            to_json(mask_event(masker, each.event, each.names))
            for each in islice(learned, SENT_SHOWN)
        ]
    return Engines(assistant, **told)


def _ask(
    assistant: Assistant, store: StoreClient, profile_id: str, masker: Masker
) -> dict[str, Any]:
    workspace = find_workspace(assistant.tenant)
    if workspace is None:
        return {"problem": "No Segment workspace is set up."}
    try:
        held = store.list_identifiers(profile_id)
        found = read_profile(workspace, held)
    except SegmentProblem as problem:
        return {"problem": problem.message}
    if found is None:
        return {"problem": tell_absence(workspace, held)}
    who = f"{found.identity_type}:{_mask_id(masker, found.identity_type, found.value)}"
    path = f"/v1/spaces/{workspace.space}/collections/users/profiles/{who}"
    parts = ("traits", "external_ids", "events")
    return {
        "asked": "\n".join(f"GET {path}/{part}" for part in parts),
        "answered": to_json(_show_profile(found, masker)),
        "traits": [
            (name, mask_value(masker, GROUP, name, trait.value))
            for name, trait in sorted(found.traits.items())
        ],
    }


def _show_profile(found: SegmentProfile, masker: Masker) -> dict[str, Any]:
    return {
        "traits": {
            name: {
                "value": mask_value(masker, GROUP, name, trait.value),
                "source_id": trait.source_id,
                "updated_at": trait.updated_at and trait.updated_at.isoformat(),
            }
            for name, trait in sorted(found.traits.items())
        },
        "external_ids": [
            {"type": type_, "id": shown.text}
            for type_, shown in list_ids(found, masker)
        ],
        "events": [
            {"event": each.event, "timestamp": each.timestamp and str(each.timestamp)}
            for each in found.events
        ],
    }


def list_ids(
    found: SegmentProfile, masker: Masker
) -> Iterator[tuple[str, MaskedValue]]:
    for each in found.external_ids:
        yield each.type, masker.mask_identifier(each.type, [each.id])[0]


def _mask_id(masker: Masker, type_: str, value: str) -> str:
    return masker.mask_identifier(type_, [value])[0].text


def show_value(masker: Masker, group: str, name: str, value: Any) -> MaskedValue:
    """Of a trait, by the rule of its group; null and flags are nobody's."""
    if value is None or isinstance(value, bool):
        return MaskedValue(json.dumps(value), "")
    items = value if isinstance(value, list) else [value]
    return masker.mask_trait(group, name, ", ".join(map(str, items)))


def mask_value(masker: Masker, group: str, name: str, value: Any) -> str:
    return show_value(masker, group, name, value).text


def mask_event(masker: Masker, event: dict[str, Any], names: str) -> dict[str, Any]:
    """`names`: of an Identify, Group.name of its trait in the memory."""
    shown = dict(event)
    if "userId" in event:
        shown["userId"] = _mask_id(masker, "user_id", event["userId"])
    if known := event.get("context"):
        ids = known["externalIds"]
        masked = [x | {"id": _mask_id(masker, x["type"], x["id"])} for x in ids]
        shown["context"] = {"externalIds": masked}
    if told := event.get("properties"):
        text = masker.mask_text("observation", event["messageId"], told["content"])
        source = masker.mask_source(told["source"]).text
        shown["properties"] = {"content": text.text, "source": source}
    if traits := event.get("traits"):
        shown["traits"] = {
            name: mask_value(masker, names.removesuffix(f".{name}"), name, value)
            for name, value in traits.items()
        }
    return shown


def show_words(masker: Masker, row: Outgoing) -> str:
    """Of an observation; "" of a trait, and once the text is gone. Raises MemoryProblem."""
    event = row.content if row.kind == "track" else None
    told = event and event["properties"]["content"]
    return masker.mask_text("observation", row.subject, told).text if told else ""


def to_json(shown: Any) -> str:
    return json.dumps(shown, indent=2, ensure_ascii=False)
