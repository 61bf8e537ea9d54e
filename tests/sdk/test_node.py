"""What only the client from npm does, and how it is installed."""

import json

from tests.sdk.node_client import LOCK


def test_nulls_remove_a_trait(node):
    assert node.walk("nulls") == {"Contact": {"email": "n@example.com"}}


def test_the_lock_file_pins_every_package_and_names_no_registry():
    lock = json.loads(LOCK.read_text())
    packages = [facts for path, facts in lock["packages"].items() if path]

    assert lock["packages"]["node_modules/twilio"]["version"] == "6.2.0"
    assert all(facts["integrity"].startswith("sha512-") for facts in packages)
    assert not any("resolved" in facts for facts in packages)
    assert "://" not in LOCK.read_text()
