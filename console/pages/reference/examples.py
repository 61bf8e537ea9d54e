"""Examples, written from the description: what the page shows runs as it stands."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from console.pages.reference.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Site:
    """A memory's address, and the ids that are known there.

    base   scheme, host and port, without a slash at the end
    known  ids by the name of their place in paths; an example reads every other one
           from the environment, as it reads the credentials
    """

    base: str
    known: dict[str, str] = field(default_factory=dict)

    def given(self, endpoint: Endpoint) -> dict[str, str]:
        """The values that stand in the example itself, by place."""
        known = endpoint.literals | self.known
        return {name: known[name] for name in endpoint.places if name in known}


@dataclass(frozen=True, slots=True)
class Example:
    """One operation in one language: how to get a client, and the call itself."""

    language: str
    label: str
    lead: str
    call: str


def variable(place: str) -> str:
    """The environment variable of a place: storeId is STORE_ID."""
    return snake(place).upper()


# An import's file goes to the address that its creation has answered, as it is.
UPLOAD_URL = "UPLOAD_URL"


LANGUAGES = (("curl", "curl"), ("python", "Python"), ("node", "Node"))


def list_examples(endpoint: Endpoint, site: Site) -> list[Example]:
    """One for each language, in their order."""
    return [
        write(endpoint, site) for write in (_write_curl, _write_python, _write_node)
    ]


def set_up(site: Site) -> list[tuple[str, str]]:
    """(language, commands of a shell) that come before any example."""
    variables = ["export ACCOUNT_SID=AC…", "read -rs AUTH_TOKEN && export AUTH_TOKEN"]
    if "storeId" not in site.known:
        variables.append("export STORE_ID=mem_store_…")
    installs = {"python": ["pip install twilio"], "node": ["npm install twilio"]}
    return [
        (language, "\n".join([*installs.get(language, []), *variables]))
        for language, _ in LANGUAGES
    ]


def _write_curl(endpoint: Endpoint, site: Site) -> Example:
    """One command; a body stands in single quotes."""
    method = "" if endpoint.method == "GET" else f"-X {endpoint.method} "
    names = {name: f"${variable(name)}" for name in endpoint.places}
    path = endpoint.path.format(**names | site.given(endpoint))
    query = "?pageSize=20" if endpoint.paged else ""
    address = f"${UPLOAD_URL}" if endpoint.file else f"{site.base}{path}{query}"
    words = [f'curl {method}"{address}"']
    if not endpoint.public:
        words.append('-u "$ACCOUNT_SID:$AUTH_TOKEN"')
    if endpoint.body is not None:
        words.append('-H "Content-Type: application/json"')
        body = to_json(endpoint.body, before="  ")
        words.append("-d '" + body.replace("'", r"'\''") + "'")
    if endpoint.file:
        words.append('-H "Content-Type: text/csv"')
        # $'…' of a shell reads \n as JSON does.
        text = json.dumps(endpoint.file)[1:-1].replace("'", r"\'")
        words.append(f"--data-binary $'{text}'")
    return Example("curl", "curl", "", " \\\n  ".join(words))


_PLACE = re.compile(r"{\w+}")


def _write_python(endpoint: Endpoint, site: Site) -> Example:
    """With the official client; with httpx where that does not know the call."""
    if endpoint.call:
        lead, call = _python_client(endpoint, site), _python_official(endpoint)
    else:
        lead, call = "import httpx", _python_plain(endpoint, site)
        reads_ids = len(site.given(endpoint)) < len(endpoint.places)
        if not endpoint.public or reads_ids or endpoint.file:
            lead = f"import os\n\n{lead}"
    known, read = "{name} = {value}", '{name} = os.environ["{variable}"]'
    lines = [*list_ids(endpoint, site, known, read, snake), *call]
    return Example("python", "Python", lead, "\n".join(lines))


def list_ids(
    endpoint: Endpoint, site: Site, known: str, read: str, rename: Callable[[str], str]
) -> list[str]:
    """A line for each id of the path: what it is, or where it is read from."""
    given = site.given(endpoint)
    return [
        (known if name in given else read).format(
            name=rename(name),
            value=json.dumps(given.get(name)),
            variable=variable(name),
        )
        for name in endpoint.places
        if not endpoint.file
    ]


def get_resource(
    endpoint: Endpoint, rename: Callable[[str], str]
) -> tuple[str, str, str]:
    """The official clients' resource, its verb, and what is shown of the answer."""
    resource, verb = map(rename, endpoint.call.split("."))
    ids = ", ".join(map(rename, endpoint.places))
    of = f"memory.{resource}({ids})" if ids else f"memory.{resource}"
    return of, verb, f".{rename(endpoint.shows)}" if endpoint.shows else ""


def _python_client(endpoint: Endpoint, site: Site) -> str:
    imports = ["import os", "", "from twilio.rest import Client"]
    if endpoint.request_class:
        module, name, _ = endpoint.request_class.split(".")
        imports.append(f"from twilio.rest.memory.v1.{module} import {name}")
    lines = "\n".join(imports)
    return f'''{lines}

client = Client(os.environ["ACCOUNT_SID"], os.environ["AUTH_TOKEN"])
client.memory.base_url = "{site.base}"
memory = client.memory.v1'''


def _python_official(endpoint: Endpoint) -> list[str]:
    of, verb, shows = get_resource(endpoint, snake)
    if verb == "list":
        limit = "limit=20" if endpoint.paged else ""
        return [f"for item in {of}.list({limit}):", f"    print(item{shows})"]
    if verb == "delete":
        # The client hands back what was answered, as it is.
        return [f"answer = {of}.delete()", f'print(answer["{endpoint.shows}"])']
    if not endpoint.request_class:
        return [f"answer = {of}.{verb}()", f"print(answer{shows})"]
    _, _, name = endpoint.request_class.partition(".")
    return [
        f"request = {name}(\n    {to_python(endpoint.body)}\n)",
        f"answer = {of}.{verb}(request)",
        f"print(answer{shows})",
    ]


def _python_plain(endpoint: Endpoint, site: Site) -> list[str]:
    verb = endpoint.method.lower()
    if endpoint.file:
        url = f'os.environ["{UPLOAD_URL}"]'
        content = json.dumps(endpoint.file)
        return [
            f"answer = httpx.{verb}({url}, content={content})",
            "print(answer.status_code)",
        ]
    mark = "f" if endpoint.places else ""
    query = "?pageSize=20" if endpoint.paged else ""
    path = _PLACE.sub(lambda found: snake(found[0]), endpoint.path)
    arguments = [f'{mark}"{site.base}{path}{query}"']
    if not endpoint.public:
        arguments.append('auth=(os.environ["ACCOUNT_SID"], os.environ["AUTH_TOKEN"])')
    if endpoint.body is not None:
        arguments.append(f"json={to_python(endpoint.body)}")
    given = "".join(f"    {each},\n" for each in arguments)
    return [f"answer = httpx.{verb}(\n{given})", "print(answer.json())"]


CREDENTIALS = "const { ACCOUNT_SID, AUTH_TOKEN } = process.env;"


def _write_node(endpoint: Endpoint, site: Site) -> Example:
    """With the official client; with fetch where that does not know the call."""
    if endpoint.call:
        lead = f'''import twilio from "twilio";

{CREDENTIALS}
const client = twilio(ACCOUNT_SID, AUTH_TOKEN);
client.memory.baseUrl = "{site.base}";
const memory = client.memory.v1;'''
        call = _node_official(endpoint)
    else:
        lead = CREDENTIALS if not endpoint.public else ""
        call = _node_plain(endpoint, site)
    known, read = "const {name} = {value};", "const {name} = process.env.{variable};"
    lines = [*list_ids(endpoint, site, known, read, str), *call]
    return Example("node", "Node", lead, "\n".join(lines))


def _node_official(endpoint: Endpoint) -> list[str]:
    of, verb, shows = get_resource(endpoint, str)
    if verb == "list":
        limit = "{ limit: 20 }" if endpoint.paged else ""
        return [
            f"const items = {of};",
            f"for (const item of await items.list({limit})) {{",
            f"  console.log(item{shows});",
            "}",
        ]
    verb = {"delete": "remove"}.get(verb, verb)
    body = to_json(endpoint.body) if endpoint.body is not None else ""
    return [
        f"const answer = await {of}.{verb}({body});",
        f"console.log(answer{shows});",
    ]


def _node_plain(endpoint: Endpoint, site: Site) -> list[str]:
    options = []
    if endpoint.method != "GET":
        options.append(f'method: "{endpoint.method}",')
    headers = []
    if not endpoint.public:
        headers.append(
            "Authorization: `Basic ${btoa(`${ACCOUNT_SID}:${AUTH_TOKEN}`)}`,"
        )
    if endpoint.body is not None:
        headers.append('"Content-Type": "application/json",')
    if headers:
        options += ["headers: {", *(f"  {line}" for line in headers), "},"]
    if endpoint.body is not None:
        body = to_json(endpoint.body, before="  ")
        options.append(f"body: JSON.stringify({body}),")
    if endpoint.file:
        options.append(f"body: {json.dumps(endpoint.file)},")
    given = "".join(f"  {line}\n" for line in options)
    rest = f", {{\n{given}}}" if options else ""
    # A string, or a template of JavaScript where the path holds ids.
    mark = "`" if endpoint.places else '"'
    query = "?pageSize=20" if endpoint.paged else ""
    path = endpoint.path.replace("{", "${")
    address = f"{mark}{site.base}{path}{query}{mark}"
    shows = "await answer.json()"
    if endpoint.file:
        address, shows = f"process.env.{UPLOAD_URL}", "answer.status"
    return [
        f"const answer = await fetch({address}{rest});",
        f"console.log({shows});",
    ]


_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|true|false|null')
_LITERALS = {"true": "True", "false": "False", "null": "None"}


def to_json(value: Any, *, indent: int = 2, before: str = "") -> str:
    """`before` is the indentation of the line that the value begins on."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text.replace("\n", f"\n{before}")


def to_python(value: Any) -> str:
    """On an indented line."""
    text = to_json(value, indent=4, before="    ")
    return _LITERAL.sub(lambda found: _LITERALS.get(found[0], found[0]), text)


def snake(name: str) -> str:
    """displayName as display_name."""
    return re.sub("([A-Z])", r"_\1", name).lower()
