"""The whole description: every route of urls.py with what its view takes."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.urls import get_resolver

from console.service.http.description.dialect import PARAMETERS, Dialect
from console.service.http.description.operation import Operations
from console.service.http.description.schemas import COMPONENTS
from console.service.http.request import URLCONF
from console.service.memory.api.openapi import (
    bulk,
    data_mappings,
    errors,
    identifiers,
    identity_settings,
    imports,
    observations,
    operations,
    profiles,
    recall,
    services,
    stores,
    summaries,
    trait_groups,
)

_MODULES = (
    stores,
    identity_settings,
    trait_groups,
    data_mappings,
    operations,
    profiles,
    bulk,
    imports,
    identifiers,
    observations,
    summaries,
    recall,
    services,
    errors,
)
OPERATIONS: Operations = {
    view: operation
    for module in _MODULES
    for view, operation in module.OPERATIONS.items()
}
_WORD = re.compile(r"<\w+:(\w+)>")


def routes() -> Iterator[tuple[str, str, Callable[..., HttpResponse]]]:
    """(address as in urls.py, method, view) of everything that the service answers."""
    for pattern in get_resolver(URLCONF).url_patterns:
        for method, view in vars(pattern.callback)["methods"].items():
            if method != "HEAD":
                yield f"/{pattern.pattern}", method, view


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, of every view that OPERATIONS describes."""
    current, older = Dialect(""), Dialect("older.")
    paths: dict[str, dict[str, Any]] = {}
    for route, method, view in routes():
        if operation := OPERATIONS.get(view):
            dialect = older if route.startswith("/v1/Services") else current
            told = dialect.tell(view, method, operation, _WORD.findall(route))
            paths.setdefault(_address(route), {})[method.lower()] = told
    responses = current.refusals()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Memory API",
            "version": "v1",
            "description": "Null counts as absent, but for a trait that is patched.",
        },
        "security": [{"basic": []}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS | current.schemas() | older.schemas(),
            "responses": responses,
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    }


def _address(route: str) -> str:
    return _WORD.sub(lambda word: f"{{{PARAMETERS[word[1]][0]}}}", route)
