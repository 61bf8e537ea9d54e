import json
import re

from console.pages.reference.examples.notation import JAVASCRIPT, camel
from console.pages.reference.examples.site import UPLOAD_URL, Example, Site, variable
from console.pages.reference.operation import Operation

LABEL = "Node"
CREDENTIALS = "const { ACCOUNT_SID, AUTH_TOKEN } = process.env;"


def write(operation: Operation, site: Site) -> Example:
    """With the official client; with fetch where that does not know the call."""
    if operation.call:
        lead, call = _client(site), _official(operation)
    else:
        lead = CREDENTIALS if operation.needs_account else ""
        call = _plain(operation, site)
    lines = [*_ids(operation, site), *call]
    return Example("node", LABEL, lead, "\n".join(lines))


def _client(site: Site) -> str:
    return "\n".join(
        [
            'import twilio from "twilio";',
            "",
            CREDENTIALS,
            "const client = twilio(ACCOUNT_SID, AUTH_TOKEN);",
            f'client.memory.baseUrl = "{site.base}";',
            "const memory = client.memory.v1;",
        ]
    )


def _official(operation: Operation) -> list[str]:
    resource, verb = operation.call.split(".")
    ids = ", ".join(camel(name) for name in operation.places)
    of = f"memory.{resource}({ids})" if ids else f"memory.{resource}"
    shows = f".{operation.shows}" if operation.shows else ""
    if verb == "list":
        limit = "{ limit: 20 }" if operation.paged else ""
        return [
            f"const items = {of};",
            f"for (const item of await items.list({limit})) {{",
            f"  console.log(item{shows});",
            "}",
        ]
    verb = {"delete": "remove"}.get(verb, verb)
    body = JAVASCRIPT.write(operation.body) if operation.body is not None else ""
    return [
        f"const answer = await {of}.{verb}({body});",
        f"console.log(answer{shows});",
    ]


def _plain(operation: Operation, site: Site) -> list[str]:
    options = []
    if operation.method != "GET":
        options.append(f'method: "{operation.method}",')
    if headers := _headers(operation):
        options += ["headers: {", *(f"  {line}" for line in headers), "},"]
    if operation.body is not None:
        body = JAVASCRIPT.write(operation.body, before=JAVASCRIPT.indent)
        options.append(f"body: JSON.stringify({body}),")
    if operation.file:
        options.append(f"body: {json.dumps(operation.file)},")
    given = "".join(f"  {line}\n" for line in options)
    rest = f", {{\n{given}}}" if options else ""
    shows = "answer.status" if operation.file else "await answer.json()"
    return [
        f"const answer = await fetch({_address(operation, site)}{rest});",
        f"console.log({shows});",
    ]


def _headers(operation: Operation) -> list[str]:
    headers = []
    if operation.needs_account:
        headers.append(
            "Authorization: `Basic ${btoa(`${ACCOUNT_SID}:${AUTH_TOKEN}`)}`,"
        )
    if operation.body is not None:
        headers.append('"Content-Type": "application/json",')
    return headers


def _address(operation: Operation, site: Site) -> str:
    """A string, or a template of JavaScript where the path holds ids."""
    if operation.file:
        return f"process.env.{UPLOAD_URL}"
    query = "?pageSize=20" if operation.paged else ""
    path = re.sub(r"{(\w+)}", lambda found: f"${{{camel(found[1])}}}", operation.path)
    mark = "`" if operation.places else '"'
    return f"{mark}{site.base}{path}{query}{mark}"


def _ids(operation: Operation, site: Site) -> list[str]:
    if operation.file:
        return []
    given = site.given(operation)
    return [
        f"const {camel(name)} = {json.dumps(given[name])};"
        if name in given
        else f"const {camel(name)} = process.env.{variable(name)};"
        for name in operation.places
    ]
