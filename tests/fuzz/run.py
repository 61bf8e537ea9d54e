"""One run of schemathesis, and what it holds against the service."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.fuzz.rules import is_finding
from tests.service.conftest import Api

# Made up at random; thirteen thousand more follow from the description alone, in the
# short form those of each 32nd operation: to find them takes longer than to ask them.
CASES = int(os.environ.get("FUZZ_CASES", "250"))
STEP = 32 if CASES < 1000 else 1
SEED = int(os.environ.get("FUZZ_SEED", "5"))
# What is there may stand against what is asked, before anybody has read all of it.
STANDING_AGAINST = [301, 308, 403, 404, 409, 412, 429]


def run(schema: Any) -> list[str]:
    """Every finding, with the request that led to it."""
    return [
        text for event in from_schema(schema).execute() for text in _findings(event)
    ]


def schema_of(
    api: Api,
    base: str,
    known: Mapping[str, Sequence[str]],
    *,
    stateful: bool = False,
) -> OpenApiSchema:
    """The service's description.

    known     values for the parameters of these names, to reach what is there
    stateful  for sequences, in which a call goes on with what the one before has made
    """
    description = api.get("/v1/openapi.json").json()
    operations = [
        each for path in description["paths"].values() for each in path.values()
    ]
    for operation in operations:
        _offer(operation, known)
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": base,
            "auth": {"basic": {"username": api.sid, "password": api.token}},
            "continue-on-failure": True,
            "suppress-health-check": ["all"],
            "generation": {
                "max-examples": max(1, CASES // len(operations)),
                # `auth` would mend what is made up; its own check asks without it.
                "with-security-parameters": False,
            },
            "phases": {"stateful": {"enabled": stateful}},
            "operations": [
                {
                    "include-operation-id": [
                        operation["operationId"]
                        for number, operation in enumerate(operations)
                        if number % STEP
                    ],
                    "phases": {"coverage": {"enabled": False}},
                }
            ],
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", 401, *STANDING_AGAINST]
                },
                "negative_data_rejection": {
                    "expected-statuses": [400, 401, 405, 415, *STANDING_AGAINST]
                },
            },
            "dictionaries": {name: {"values": known[name]} for name in known},
            "parameters": {
                f"path.{name}": {"dictionary": name, "probability": 0.8}
                for name in known
            },
        }
    )
    schema = schemathesis.openapi.from_dict(description, config=config)
    schema.hooks.hook("filter_failure")(is_finding)
    return schema


def _offer(operation: Mapping[str, Any], known: Mapping[str, Sequence[str]]) -> None:
    parameters = operation["parameters"]
    # Most cases would be refused for a key of "0", made up without its pattern.
    parameters[:] = [each for each in parameters if each["name"] != "Idempotency-Key"]
    for parameter in parameters:
        if values := known.get(parameter["name"]):
            parameter["examples"] = {value: {"value": value} for value in values}


def _findings(event: Any) -> Iterator[str]:
    if isinstance(event, events.NonFatalError):
        yield f"{event.label}: {event.value!r}"
    elif isinstance(event, events.FatalError):
        yield repr(event.exception)
    elif isinstance(event, events.SchemaAnalysisWarnings):
        yield from map(repr, event.warnings)
    elif isinstance(event, events.ScenarioFinished):
        yield from _failures(event.recorder)


def _failures(recorder: Any) -> Iterator[str]:
    for case_id, checks in recorder.checks.items():
        answer = recorder.interactions[case_id].response
        told = f"{answer.status_code} {answer.text}" if answer else "no answer"
        for check in checks:
            if found := check.failure_info:
                yield f"{check.name}: {found.failure}\n{found.code_sample}\n{told}"
