"""The examples for Python, run as they stand."""

import pytest

from tests.pages.reference.conftest import in_order

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_example_runs(examples, reader, monkeypatch, capsys):
    monkeypatch.setenv("NO_PROXY", "*")
    for name in ("TWILIO_EDGE", "TWILIO_REGION"):
        monkeypatch.delenv(name, raising=False)

    for operation in in_order():
        if operation.name == "delete-service":
            reader.leave_for_the_other_store()
        for name, value in reader.variables.items():
            monkeypatch.setenv(name, value)

        run(operation.name, examples[operation.name]["python"])

        printed = capsys.readouterr().out
        assert printed.strip(), operation.name
        reader.take(printed)
        reader.learn(operation)
    assert reader.http.get("/v1/ControlPlane/Stores").json()["stores"] == []


def run(name: str, text: str) -> None:
    """In a module of its own; httpx's examples print what was refused, too."""
    module: dict = {"__name__": name}
    exec(compile(text, f"{name}.py", "exec"), module)  # noqa: S102
    if "client" in module:
        module["client"].http_client.session.close()
    elif "answer" in module:
        assert module["answer"].is_success, module["answer"].text
