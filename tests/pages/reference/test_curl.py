"""The examples for curl, as a shell runs them."""

import json
import os
import shutil
import subprocess

import pytest

from tests.pages.reference.conftest import UNMADE, shape

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not (shutil.which("curl") and shutil.which("bash")), reason="no curl, no bash"
    ),
]
STATUS = "\nstatus %{http_code}"


def run(text: str, variables: dict[str, str]) -> tuple[int, str]:
    """The answer's status and its body."""
    command = text.replace("curl ", f"curl -sS -w '{STATUS}' ", 1)
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": "*"} | variables
    done = subprocess.run(
        ["bash", "-uc", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\nstatus ")
    return int(status), body


def test_curl_examples_run_and_answers_what_the_page_says(examples, endpoints, reader):
    assert len(endpoints) > len(UNMADE)
    for endpoint in endpoints:
        if UNMADE & set(endpoint.places) or endpoint.anchor in UNMADE:
            continue
        if endpoint.anchor == "delete-service":
            reader.leave_for_the_other_store()

        status, body = run(examples[endpoint.anchor]["curl"], reader.variables)

        assert status == endpoint.status, (endpoint.anchor, body)
        # The description's own sample leaves out what fills it.
        # No value of the reader's import was refused, nothing was learned yet; a receipt
        # names what it is of.
        other = {"describe-api", "list-refusals", "delete-conversation"}
        other |= {"list-learned", "list-provenance", "list-diagnostics"}
        other |= {"list-merge-suggestions", "list-merges", "list-suppressions"}
        other |= {"list-ledger", "report-ledger"}  # None was kept.
        other |= {"fetch-model-usage"}  # No model was asked.
        other |= {"search-profiles"}  # Nobody is called so.
        other |= {"try-learning-rules"}  # Of no conversation.
        # Nothing is read yet.
        other |= {"list-knowledge-chunks", "search-knowledge", "list-disagreements"}
        other |= {"create-store"}  # Its receipt has the id as well.
        other |= {"create-conversation"}  # Nothing was said in it.
        if endpoint.answer is not None and endpoint.anchor not in other:
            told = json.loads(body)
            assert shape(told) == shape(endpoint.answer), endpoint.anchor
        reader.take(body)
        reader.learn(endpoint)
