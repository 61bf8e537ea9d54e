import json

from console.pages.reference.endpoints import Endpoint
from console.pages.reference.examples.notation import JAVASCRIPT
from console.pages.reference.examples.site import UPLOAD_URL, Example, Site, variable

LABEL = "Node"
CREDENTIALS = "const { ACCOUNT_SID, AUTH_TOKEN } = process.env;"


def write(endpoint: Endpoint, site: Site) -> Example:
    """With the official client; with fetch where that does not know the call."""
    if endpoint.call:
        lead, call = _client(site), _official(endpoint)
    else:
        lead = CREDENTIALS if not endpoint.public else ""
        call = _plain(endpoint, site)
    lines = [*_ids(endpoint, site), *call]
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


def _official(endpoint: Endpoint) -> list[str]:
    resource, verb = endpoint.call.split(".")
    ids = ", ".join(endpoint.places)
    of = f"memory.{resource}({ids})" if ids else f"memory.{resource}"
    shows = f".{endpoint.shows}" if endpoint.shows else ""
    if verb == "list":
        limit = "{ limit: 20 }" if endpoint.paged else ""
        return [
            f"const items = {of};",
            f"for (const item of await items.list({limit})) {{",
            f"  console.log(item{shows});",
            "}",
        ]
    verb = {"delete": "remove"}.get(verb, verb)
    body = JAVASCRIPT.write(endpoint.body) if endpoint.body is not None else ""
    return [
        f"const answer = await {of}.{verb}({body});",
        f"console.log(answer{shows});",
    ]


def _plain(endpoint: Endpoint, site: Site) -> list[str]:
    options = []
    if endpoint.method != "GET":
        options.append(f'method: "{endpoint.method}",')
    if headers := _headers(endpoint):
        options += ["headers: {", *(f"  {line}" for line in headers), "},"]
    if endpoint.body is not None:
        body = JAVASCRIPT.write(endpoint.body, before=JAVASCRIPT.indent)
        options.append(f"body: JSON.stringify({body}),")
    if endpoint.file:
        options.append(f"body: {json.dumps(endpoint.file)},")
    given = "".join(f"  {line}\n" for line in options)
    rest = f", {{\n{given}}}" if options else ""
    shows = "answer.status" if endpoint.file else "await answer.json()"
    return [
        f"const answer = await fetch({_address(endpoint, site)}{rest});",
        f"console.log({shows});",
    ]


def _headers(endpoint: Endpoint) -> list[str]:
    headers = []
    if not endpoint.public:
        headers.append(
            "Authorization: `Basic ${btoa(`${ACCOUNT_SID}:${AUTH_TOKEN}`)}`,"
        )
    if endpoint.body is not None:
        headers.append('"Content-Type": "application/json",')
    return headers


def _address(endpoint: Endpoint, site: Site) -> str:
    """A string, or a template of JavaScript where the path holds ids."""
    if endpoint.file:
        return f"process.env.{UPLOAD_URL}"
    query = "?pageSize=20" if endpoint.paged else ""
    path = endpoint.path.replace("{", "${")
    mark = "`" if endpoint.places else '"'
    return f"{mark}{site.base}{path}{query}{mark}"


def _ids(endpoint: Endpoint, site: Site) -> list[str]:
    if endpoint.file:
        return []
    given = site.given(endpoint)
    return [
        f"const {name} = {json.dumps(given[name])};"
        if name in given
        else f"const {name} = process.env.{variable(name)};"
        for name in endpoint.places
    ]
