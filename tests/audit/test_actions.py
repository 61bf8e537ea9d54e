import re

from console.audit.models import ACTIONS, ActionKind, AuditEntry, list_action_names


def test_actions_are_nouns_with_past_verbs_and_labels():
    name_max = AuditEntry._meta.get_field("action").max_length

    assert [action.name for action in ACTIONS.values()] == list(ACTIONS)
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", name) for name in ACTIONS)
    assert all(action.text[0].isupper() for action in ACTIONS.values())
    assert 0 < max(map(len, ACTIONS)) <= name_max


def test_list_action_names_by_kind():
    assert "tenant.added" in list_action_names(ActionKind.CONFIG)
    assert "profile.viewed" not in list_action_names(ActionKind.CONFIG)


def test_definition_of_a_former_action_is_its_name():
    assert AuditEntry(action="old.act").definition.text == "old.act"
    assert AuditEntry(action="recall.run").definition.text == "Recall run"
