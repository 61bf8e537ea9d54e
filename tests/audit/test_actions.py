import re

from console.audit.actions import ACTIONS, Kind, list_action_names
from console.audit.models import AuditEntry


def test_every_action_is_a_noun_and_a_past_verb_with_words_for_people():
    for name, action in ACTIONS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z]+", name)
        assert action.name == name
        assert action.text[0].isupper()
        assert len(name) <= AuditEntry._meta.get_field("action").max_length


def test_an_operator_has_configuration_to_read():
    assert "tenant.added" in list_action_names(Kind.CONFIG)
    assert "profile.viewed" not in list_action_names(Kind.CONFIG)


def test_an_action_that_left_the_registry_still_names_itself():
    assert AuditEntry(action="old.act").known.text == "old.act"
    assert AuditEntry(action="recall.run").known.text == "Recall run"
