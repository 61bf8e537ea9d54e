import json
import re

from console.pages.reference.endpoints import Endpoint
from console.pages.reference.examples.notation import PYTHON, snake
from console.pages.reference.examples.site import UPLOAD_URL, Example, Site, variable

LABEL = "Python"
_PLACE = re.compile(r"{\w+}")


def write(endpoint: Endpoint, site: Site) -> Example:
    """With the official client; with httpx where that does not know the call."""
    if endpoint.call:
        lead, call = _client(endpoint, site), _official(endpoint)
    else:
        lead, call = "import httpx", _plain(endpoint, site)
        reads_ids = len(site.given(endpoint)) < len(endpoint.places)
        if not endpoint.public or reads_ids or endpoint.file:
            lead = f"import os\n\n{lead}"
    lines = [*_ids(endpoint, site), *call]
    return Example("python", LABEL, lead, "\n".join(lines))


def _client(endpoint: Endpoint, site: Site) -> str:
    imports = ["import os", "", "from twilio.rest import Client"]
    if endpoint.request_class:
        module, name, _ = endpoint.request_class.split(".")
        imports.append(f"from twilio.rest.memory.v1.{module} import {name}")
    return "\n".join(
        [
            *imports,
            "",
            'client = Client(os.environ["ACCOUNT_SID"], os.environ["AUTH_TOKEN"])',
            f'client.memory.base_url = "{site.base}"',
            "memory = client.memory.v1",
        ]
    )


def _official(endpoint: Endpoint) -> list[str]:
    resource, verb = (snake(word) for word in endpoint.call.split("."))
    ids = ", ".join(map(snake, endpoint.places))
    of = f"memory.{resource}({ids})" if ids else f"memory.{resource}"
    shows = f".{snake(endpoint.shows)}" if endpoint.shows else ""
    if verb == "list":
        limit = "limit=20" if endpoint.paged else ""
        return [f"for item in {of}.list({limit}):", f"    print(item{shows})"]
    if verb == "delete":
        # The client hands back what was answered, as it is.
        return [f"answer = {of}.delete()", f'print(answer["{endpoint.shows}"])']
    if not endpoint.request_class:
        return [f"answer = {of}.{verb}()", f"print(answer{shows})"]
    _, _, name = endpoint.request_class.partition(".")
    body = PYTHON.write(endpoint.body, before=PYTHON.indent)
    return [
        f"request = {name}(\n{PYTHON.indent}{body}\n)",
        f"answer = {of}.{verb}(request)",
        f"print(answer{shows})",
    ]


def _plain(endpoint: Endpoint, site: Site) -> list[str]:
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
        arguments.append(f"json={PYTHON.write(endpoint.body, before=PYTHON.indent)}")
    given = "".join(f"{PYTHON.indent}{each},\n" for each in arguments)
    return [f"answer = httpx.{verb}(\n{given})", "print(answer.json())"]


def _ids(endpoint: Endpoint, site: Site) -> list[str]:
    """A line for each id of the path: what it is, or where it is read from."""
    if endpoint.file:
        return []
    given = site.given(endpoint)
    return [
        f"{snake(name)} = {json.dumps(given[name])}"
        if name in given
        else f'{snake(name)} = os.environ["{variable(name)}"]'
        for name in endpoint.places
    ]
