"""What the description cannot say in a schema, so that it is no finding."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema_rs import validator_for
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import (
    EnsureResourceAvailability,
    RejectedPositiveData,
)

# Refusals of what fits the description: a store's own definitions, what two fields
# mean together, and values that only a parser knows.
BEYOND_SCHEMAS = (
    # The store's definitions.
    r": unknown (identifier type|trait group|trait)(, did you mean .*)?$",
    r"Trait not registered for this service",
    r"traits: at least one trait that is an identifier is required",
    r"traits\..*: (must|at most|not a valid|duplicate trait)",
    r": built in, cannot be changed or deleted",
    r"identifierConfigs\[\d+\]\.idType: duplicate",
    r"matchingRules\[\d+\]: (not an idType of identifierConfigs|duplicate)",
    r"[vV]alue: (not a valid|not an email address|more than an email address)",
    r"[vV]alue: (at most|must|a placeholder)",
    r"query: must hold a letter or a digit",
    r"words\[\d+\]: must hold a visible character",
    r"timeZone: not a time zone of the IANA",
    # Names that are normalised first.
    r"columnMappings\[\d+\]\.traitName: (not a valid trait name|duplicate trait)",
    r"dataType: must not be empty",
    r"ruleType: must equal dataType",
    r"idTypePromotion: dataType must be STRING or NUMBER",
    r"pattern: not a valid RE2 expression",
    r": invalid trait group name",
    # What is there, and how it stands.
    r"profileId: no such profile in this store",
    r"participantId: nobody of this conversation",
    r"channel: must name one of their addresses",
    r"status: (the conversation is CLOSED|must be INACTIVE or CLOSED to learn)",
    # Two fields together.
    r"configuration\.\w+: (required without a|not the) configuration",
    r"conversationGroupingType: cannot be changed",
    r"payload\.(to\[\d+\]|from): participantId, or address and channel",
    r"payload\.content: text, contentId or mediaUrls required",
    r"payload\.channelSettings\.channelId: must be a text",
    r"metadata: at most \d+ entries",
    r"(displayName|conversationGroupingType|memoryStoreId): required$",
    r"idType: must be the one in the address",
    r"At least one of displayName",
    r"fileSize: the file must have \d+ bytes",
    # Of knowledge: what is there, what fits to it, and which addresses are called.
    r"displayName: already in use",
    r"source\.(type: (web sites|cannot be changed)|content: must have text|url: )",
    # What only we can read.
    r"statusCallbacks\[\d+\]\.url: must be a public https address",
    r"pageToken: (invalid token|token of another list)",
    # JSON Schema takes 5.0 for an integer.
    r"must be an integer",
)
_BEYOND = re.compile("|".join(BEYOND_SCHEMAS))


def is_finding(context: Any, failure: Failure, case: Any, response: Any) -> bool:
    """False for what the service does by a rule that stands outside of schemas."""
    if isinstance(failure, RejectedPositiveData):
        refused_by_rule = _BEYOND.search(response.json()["message"])
        return not (refused_by_rule or _is_another_kind_of_id(case))
    if isinstance(failure, AcceptedNegativeData):
        return not (
            _is_valid_but_for_nulls(case)
            or _is_valid_but_for_items(case)
            or _repeats_a_parameter(response)
        )
    # A store has two addresses, and what was deleted at one is gone at the other.
    has_two = case.path.startswith(("/v1/ControlPlane/Stores", "/v1/Services"))
    gone = has_two or _went_with_a_customer(context, case)
    return not (isinstance(failure, EnsureResourceAvailability) and gone)


def _went_with_a_customer(context: Any, case: Any) -> bool:
    """A conversation goes with the profile that it is of, and with the store."""
    sent = context.internals.recorder.find_all_cases()
    deleted = [each.path for each in sent if each.operation.method.upper() == "DELETE"]
    return case.path.startswith("/v2/Conversations") and any(
        path.endswith(("/{profileId}", "/{storeId}")) for path in deleted
    )


def _is_another_kind_of_id(case: Any) -> bool:
    """A sequence puts what it was answered into any address: a profile's id for a store."""
    patterns = {
        parameter["name"]: parameter["schema"].get("pattern", "")
        for parameter in case.operation.definition.raw["parameters"]
        if parameter["in"] == "path"
    }
    return not all(
        re.search(patterns[name], str(value))
        for name, value in case.path_parameters.items()
    )


def _is_valid_but_for_nulls(case: Any) -> bool:
    """Null counts as absent: under an unknown name too, and in a list."""
    return _is_valid_as(case, _present)


def _is_valid_but_for_items(case: Any) -> bool:
    """A bulk names in its operation each value that does not fit, and stores the rest."""
    return _is_valid_as(case, lambda body: _present(_without_traits(body)))


def _without_traits(body: Any) -> Any:
    profiles = body.get("profiles")
    if not isinstance(profiles, list):
        return body
    return body | {
        "profiles": [
            profile | {"traits": {}} if _has_traits(profile) else profile
            for profile in profiles
        ]
    }


def _has_traits(profile: Any) -> bool:
    return isinstance(profile, dict) and isinstance(profile.get("traits"), dict)


def _is_valid_as(case: Any, change: Callable[[Any], Any]) -> bool:
    """Whether the body breaks its schema, and keeps to it once it is changed."""
    told = case.operation.definition.raw.get("requestBody")
    if not told or not isinstance(case.body, dict):
        return False
    schema = told["content"]["application/json"]["schema"]
    components = case.operation.schema.raw_schema["components"]
    validator = validator_for(schema | {"components": components})
    return not validator.is_valid(case.body) and validator.is_valid(change(case.body))


def _repeats_a_parameter(response: Any) -> bool:
    """Of a name given twice the last counts, in an address as in a body."""
    asked = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    return any(len(values) > 1 for values in asked.values())


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _present(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_present(item) for item in value if item is not None]
    return value
