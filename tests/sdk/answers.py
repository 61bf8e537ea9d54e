"""What the tests of the walks expect again and again."""

from typing import Any

ACCEPTED = "accepted"


def assert_read(told: dict[str, Any], names: list[Any]) -> None:
    """Every way of reading the list gave all of `names`, two a page, and back."""
    pages = [names[start : start + 2] for start in range(0, len(names), 2)]
    assert told["pages"] == pages
    assert told["back"] == pages[-2]
    assert told["limited"] == names[:3]
    for way in ("listed", "streamed", "beyond", "informed"):
        assert told[way] == names, way


def assert_settled(told: dict[str, Any], result: str) -> None:
    """A 202 of the control plane led to a finished operation about `result`."""
    assert (told["accepted"], told["status"]) == (202, "COMPLETED")
    assert told["result"] == {"type": "RESOURCE_ID", "id": result}
    assert told["message"] == ACCEPTED
    assert told["addressed"]
    assert told["waits"].isdigit()
    assert told["completedAt"] >= told["createdAt"]
    assert told["error"] is None


def assert_refused(told: dict[str, Any], status: int, code: int, words: str) -> None:
    assert told, "the client saw no error"
    assert (told["status"], told["code"]) == (status, code)
    assert words in told["message"]
