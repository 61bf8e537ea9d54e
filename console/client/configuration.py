"""How a store is set up: identity settings and trait groups (contract 10.2, 10.3)."""

from collections.abc import Mapping
from typing import Any

from console.client import wire
from console.client.bound import Bound, given
from console.client.paths import segment
from console.client.values import (
    IdentitySettings,
    Operation,
    Page,
    TraitDefinition,
    TraitGroup,
)


class Configuration(Bound):
    def identity_settings(self) -> IdentitySettings:
        return wire.identity_settings(
            self._get(f"{self._control}/IdentityResolutionSettings")
        )

    def list_trait_groups(
        self, *, include_traits: bool = True, page_token: str = "", page_size: int = 50
    ) -> Page[TraitGroup]:
        answer = self._get(
            f"{self._control}/TraitGroups",
            includeTraits="true" if include_traits else "false",
            pageToken=page_token,
            pageSize=page_size,
        )
        return wire.trait_groups(answer)

    def fetch_trait_group(self, name: str) -> TraitGroup:
        """With all its traits: at most 95, one page holds 100."""
        answer = self._get(self._trait_group(name), includeTraits="true", pageSize=100)
        return wire.trait_group(answer, name)

    def create_trait_group(
        self, name: str, traits: Mapping[str, TraitDefinition], description: str = ""
    ) -> Operation:
        """A name that is taken is a FAILED operation, not an error here."""
        body = given(
            displayName=name,
            description=description or None,
            traits=_definitions(traits),
        )
        return wire.accepted(
            self._sender.send("POST", f"{self._control}/TraitGroups", body=body)
        )

    def patch_trait_group(
        self,
        name: str,
        traits: Mapping[str, TraitDefinition] | None = None,
        description: str | None = None,
    ) -> Operation:
        """Traits that are not named stay; a `data_type` of "" deletes one."""
        body = given(
            description=description,
            traits=None if traits is None else _definitions(traits),
        )
        return wire.accepted(
            self._sender.send("PATCH", self._trait_group(name), body=body)
        )

    def delete_trait_group(self, name: str) -> Operation:
        """The group and all its traits. MemoryConflict when it is protected."""
        return wire.accepted(self._sender.send("DELETE", self._trait_group(name)))

    def _trait_group(self, name: str) -> str:
        return f"{self._control}/TraitGroups/{segment('trait group', name)}"


def _definitions(traits: Mapping[str, TraitDefinition]) -> dict[str, Any]:
    return {
        name: given(
            dataType=trait.data_type,
            description=trait.description or None,
            idTypePromotion=trait.id_type_promotion or None,
            validationRule=trait.validation_rule,
        )
        for name, trait in traits.items()
    }
