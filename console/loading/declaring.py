"""Declaring the trait groups that a file of profiles needs."""

from collections.abc import Iterable

from console.client.account import AccountClient
from console.client.errors import MemoryUnexpected
from console.client.paging import all_pages
from console.client.store import StoreClient
from console.contract.memory.operation import Operation
from console.contract.memory.trait_group import (
    CreateTraitGroup,
    DataType,
    NewTraitDefinition,
    PatchTraitGroup,
    get_data_type,
)
from console.loading.records import LineRefused, check_group, check_trait, parse_line

Types = dict[str, dict[str, DataType]]  # group, trait: STRING, NUMBER, BOOLEAN or ARRAY


def infer_types(lines: Iterable[tuple[int, bytes]]) -> Types:
    """The type of each trait, by its first good value; bad lines are passed over."""
    types: Types = {}
    for _, raw in lines:
        try:
            groups = parse_line(raw)["traits"]
        except LineRefused:  # told when the line is loaded
            continue
        for group, values in groups.items():
            if not check_group(group, values):
                known = types.setdefault(group, {})
                for name, value in values.items():
                    if value is not None and not check_trait(name, value):
                        known.setdefault(name, get_data_type(value))
    return types


def declare_traits(
    account: AccountClient, store: StoreClient, types: Types
) -> list[str]:
    """Create what the store does not know yet; the new names, as "group.trait".

    Contract 10.3. Raises MemoryProblem.
    """
    known = {
        group.display_name: {_normalise_name(name) for name in group.definitions}
        for group in all_pages(lambda token: store.list_trait_groups(page_token=token))
    }
    declared = []
    for group, traits in types.items():
        missing = {
            name: NewTraitDefinition(data_type=kind)
            for name, kind in traits.items()
            if _normalise_name(name) not in known.get(group, set())
        }
        if missing:
            operation = (
                store.patch_trait_group(group, PatchTraitGroup(traits=missing))
                if group in known
                else store.create_trait_group(
                    CreateTraitGroup(display_name=group, traits=missing)
                )
            )
            wait_until_done(account, operation)
            declared += [f"{group}.{name}" for name in missing]
    return declared


def _normalise_name(name: str) -> str:
    """`first_name` and `firstName` are one trait (contract, section 17, row 16)."""
    return "".join(filter(str.isalnum, name)).casefold()


def wait_until_done(account: AccountClient, operation: Operation) -> None:
    done = account.wait_for(operation)
    if done.status != "COMPLETED":
        raise MemoryUnexpected(f"The trait group was not created: {done.failure}")
