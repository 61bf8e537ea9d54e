"""Profiles, their identifiers and their traits (contract 11.1 to 11.3)."""

from collections.abc import Mapping, Sequence

from console.client import wire
from console.client.bound import Bound
from console.client.paths import segment
from console.client.values import Identifier, Lookup, Page, Profile, Trait, TraitValue


class People(Bound):
    def list_profiles(
        self, *, page_token: str = "", page_size: int = 50, order: str = "DESC"
    ) -> Page[str]:
        """Ids of profiles by creation; `order` is ASC or DESC."""
        answer = self._get(
            self._profiles, pageToken=page_token, pageSize=page_size, orderBy=order
        )
        return wire.profile_ids(answer)

    def create_profile(self, traits: Mapping[str, Mapping[str, TraitValue]]) -> str:
        """The id of a new profile, or of the one that the identifiers lead to."""
        return wire.created_profile(
            self._sender.send("POST", self._profiles, body=_body(traits))
        )

    def fetch_profile(
        self,
        profile_id: str,
        *,
        trait_groups: Sequence[str] = (),
        merged_ids: bool = False,
    ) -> Profile:
        """With the traits of the groups named, or of all."""
        answer = self._get(
            self._profile(profile_id),
            traitGroups=",".join(trait_groups),
            includeMergedIds="true" if merged_ids else "",
        )
        return wire.profile(answer, profile_id)

    def patch_profile(
        self, profile_id: str, traits: Mapping[str, Mapping[str, TraitValue | None]]
    ) -> None:
        """Sets the traits that are named; None removes one."""
        self._sender.send("PATCH", self._profile(profile_id), body=_body(traits))

    def delete_profile(self, profile_id: str) -> None:
        """For good, with all that is remembered. MemoryMoved if it was merged."""
        self._sender.send("DELETE", self._profile(profile_id))

    def lookup(self, id_type: str, value: str) -> Lookup:
        """Who holds an identifier; the memory normalises it. None: no profiles."""
        answer = self._sender.send(
            "POST",
            f"{self._profiles}/Lookup",
            body={"idType": id_type, "value": value},
            reads=True,
        )
        return wire.lookup(answer)

    def list_identifiers(self, profile_id: str) -> tuple[Identifier, ...]:
        return wire.identifiers(self._get(f"{self._profile(profile_id)}/Identifiers"))

    def add_identifier(self, profile_id: str, id_type: str, value: str) -> None:
        """A value that another profile holds may merge the two (contract 12.2)."""
        self._sender.send(
            "POST",
            f"{self._profile(profile_id)}/Identifiers",
            body={"idType": id_type, "value": value},
        )

    def remove_identifier(
        self, profile_id: str, id_type: str, *, remove_all: bool = False
    ) -> None:
        """One value, the one the type's limit policy would drop, or all of the type."""
        self._sender.send(
            "DELETE",
            f"{self._profile(profile_id)}/Identifiers"
            f"/{segment('identifier type', id_type)}",
            query={"removeAll": "true" if remove_all else ""},
        )

    def list_traits(
        self,
        profile_id: str,
        *,
        page_token: str = "",
        page_size: int = 100,
        trait_groups: Sequence[str] = (),
    ) -> Page[Trait]:
        answer = self._get(
            f"{self._profile(profile_id)}/Traits",
            pageToken=page_token,
            pageSize=page_size,
            traitGroups=",".join(trait_groups),
        )
        return wire.traits(answer)


def _body(
    traits: Mapping[str, Mapping[str, TraitValue | None]],
) -> dict[str, dict[str, dict[str, TraitValue | None]]]:
    return {"traits": {group: dict(members) for group, members in traits.items()}}
