"""The examples for Python, run as they stand."""

import pytest

from tests.pages.reference.conftest import UNMADE

pytestmark = pytest.mark.django_db(transaction=True)


def test_python_examples_run(examples, endpoints, reader, monkeypatch, capsys):
    monkeypatch.setenv("NO_PROXY", "*")
    for name in ("TWILIO_EDGE", "TWILIO_REGION"):
        monkeypatch.delenv(name, raising=False)

    for endpoint in endpoints:
        if UNMADE & set(endpoint.places) or endpoint.anchor in UNMADE:
            continue
        if endpoint.anchor == "delete-service":
            reader.leave_for_the_other_store()
        for name, value in reader.variables.items():
            monkeypatch.setenv(name, value)

        run(endpoint.anchor, examples[endpoint.anchor]["python"])

        printed = capsys.readouterr().out
        assert printed.strip(), endpoint.anchor
        reader.take(printed)
        reader.learn(endpoint)
    assert reader.http.get("/v1/ControlPlane/Stores").json()["stores"] == []


def run(name: str, text: str) -> None:
    """In a module of its own; httpx's examples print what was refused, too."""
    module: dict = {"__name__": name}
    exec(compile(text, f"{name}.py", "exec"), module)  # noqa: S102
    if "client" in module:
        module["client"].http_client.session.close()
    elif "answer" in module:
        assert module["answer"].is_success, module["answer"].text
