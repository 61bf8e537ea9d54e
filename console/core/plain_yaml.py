"""YAML that people write."""

from typing import Any

import yaml


class NotYaml(ValueError):
    """Says what is wrong with a file, and nothing of what it holds."""


class _Loader(yaml.CBaseLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                line = key.start_mark.line + 1
                raise NotYaml(f"Line {line}: there is this name already.")
            names.add(isinstance(key, yaml.ScalarNode) and key.value)
        return super().construct_mapping(node, deep)


def read_yaml(content: bytes, *, depth_max: int) -> Any:
    """All scalars as texts: a day stays as it was typed, and Norway a country. Raises
    NotYaml."""
    try:
        _check_depth(content, depth_max)
        return yaml.load(content, _Loader)  # noqa: S506
    except yaml.YAMLError:
        raise NotYaml("This is not YAML.") from None


def _check_depth(content: bytes, depth_max: int) -> None:
    """The loader recurses in C, without a limit."""
    depth = 0
    for event in yaml.parse(content, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise NotYaml("Aliases are not read: write it out.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > depth_max:
            raise NotYaml("Too many lists in lists.")
