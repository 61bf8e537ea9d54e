"""What only the client from npm does, and how it is installed."""

import json

from tests.sdk.node_client import SCRIPTS


def test_nulls_remove_a_trait(node):
    assert node.walk("nulls") == {"Contact": {"email": "n@example.com"}}


def test_lock_file_pins_the_client():
    lock = json.loads((SCRIPTS / "package-lock.json").read_text())

    assert lock["packages"]["node_modules/twilio"]["version"] == "6.2.0"
