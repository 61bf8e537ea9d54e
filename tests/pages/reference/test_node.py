"""The examples for Node, run as they stand where npm's client can be had."""

import json
import os
import shutil
import subprocess

import pytest

from tests.sdk import node_client

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="no node")

# One process for all of them: the client takes half a second to load. Each line that
# it reads names a module and the variables that were exported for it.
RUNNER = """
import { createInterface } from "node:readline";
for await (const line of createInterface({ input: process.stdin })) {
  const { module, variables } = JSON.parse(line);
  Object.assign(process.env, variables);
  const printed = [];
  console.log = (...values) => printed.push(values);
  try {
    await import(module);
    process.stdout.write(JSON.stringify({ printed }) + "\\n");
  } catch (error) {
    process.stdout.write(JSON.stringify({ failed: String(error.stack) }) + "\\n");
  }
}
"""


NODE_MODULES = ["node", "--no-warnings", "--experimental-vm-modules"]
# Reads the modules without running them: {name: text} to the names that are none.
READER = """
import { readFileSync } from "node:fs";
import { SourceTextModule } from "node:vm";
const broken = {};
for (const [name, text] of Object.entries(JSON.parse(readFileSync(0)))) {
  try { new SourceTextModule(text); } catch (error) { broken[name] = String(error); }
}
process.stdout.write(JSON.stringify(broken));
"""


@pytest.mark.django_db(transaction=True)
def test_node_examples_are_modules(examples):
    written = {name: texts["node"] for name, texts in examples.items()}

    read = subprocess.run(
        [*NODE_MODULES, "--input-type=module", "--eval", READER],
        input=json.dumps(written),
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(read.stdout) == {}


@pytest.mark.django_db(transaction=True)
def test_node_examples_run(examples, endpoints, reader, tmp_path):
    packages = str(node_client.find())
    (tmp_path / "node_modules").symlink_to(packages)
    (tmp_path / "runner.mjs").write_text(RUNNER)
    node = subprocess.Popen(
        ["node", tmp_path / "runner.mjs"],
        # NODE_PATH: a package meets the others beside its real place.
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*", "NODE_PATH": packages},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with node:
        for endpoint in endpoints:
            if endpoint.anchor == "delete-service":
                reader.leave_for_the_other_store()
            module = tmp_path / f"{endpoint.anchor}.mjs"
            module.write_text(examples[endpoint.anchor]["node"])

            told = run(node, str(module), reader.variables)

            assert told.get("printed"), (endpoint.anchor, told)
            reader.take(json.dumps(told))
            reader.learn(endpoint)
        node.stdin.close()
    assert reader.http.get("/v1/ControlPlane/Stores").json()["stores"] == []


def run(node: subprocess.Popen, module: str, variables: dict[str, str]) -> dict:
    """What the module has printed, or how it failed."""
    node.stdin.write(json.dumps({"module": module, "variables": variables}) + "\n")
    node.stdin.flush()
    return json.loads(node.stdout.readline())
