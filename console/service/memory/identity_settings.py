"""How a store tells people apart, and how that is changed. Contract 10.2."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from console.service import errors
from console.service.memory.models import IdentitySettings, Store
from console.service.memory.stores import check_version, lock_store


@transaction.atomic(using="memory")
def put_identity_settings(
    store: Store,
    *,
    if_match: str,
    configs: Sequence[dict[str, Any]],
    rules: Sequence[str],
) -> None:
    """Replaces the whole set. Raises Stale, Invalid (a type twice, a rule for no type).

    Values of a type that is left out stay, and match no more (contract 17, 40).
    """
    lock_store(store)
    settings = IdentitySettings.objects.get(store=store)
    check_version(if_match, settings.version)
    _check([config["idType"] for config in configs], rules)
    settings.identifier_configs = list(configs)
    settings.matching_rules = list(rules)
    settings.version += 1
    settings.save()


def _check(id_types: Sequence[str], rules: Sequence[str]) -> None:
    for index, id_type in enumerate(id_types):
        if id_type in id_types[:index]:
            raise errors.Invalid(f"identifierConfigs[{index}].idType: duplicate")
    for index, rule in enumerate(rules):
        if rule not in id_types:
            raise errors.Invalid(
                f"matchingRules[{index}]: not an idType of identifierConfigs"
            )
        if rule in rules[:index]:
            raise errors.Invalid(f"matchingRules[{index}]: duplicate")
