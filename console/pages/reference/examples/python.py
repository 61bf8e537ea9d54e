import json

from console.pages.reference.examples.notation import PYTHON, snake
from console.pages.reference.examples.site import UPLOAD_URL, Example, Site, variable
from console.pages.reference.operation import Operation

LABEL = "Python"


def write(operation: Operation, site: Site) -> Example:
    """With the official client; with httpx where that does not know the call."""
    if operation.call:
        lead, call = _client(operation, site), _official(operation)
    else:
        lead, call = "import httpx", _plain(operation, site)
        if operation.needs_account or _reads(operation, site) or operation.file:
            lead = f"import os\n\n{lead}"
    lines = [*_ids(operation, site), *call]
    return Example("python", LABEL, lead, "\n".join(lines))


def _client(operation: Operation, site: Site) -> str:
    imports = ["import os", "", "from twilio.rest import Client"]
    if operation.request:
        module, name, _ = operation.request.split(".")
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


def _official(operation: Operation) -> list[str]:
    resource, verb = (snake(word) for word in operation.call.split("."))
    ids = ", ".join(operation.places)
    of = f"memory.{resource}({ids})" if ids else f"memory.{resource}"
    shows = f".{snake(operation.shows)}" if operation.shows else ""
    if verb == "list":
        limit = "limit=20" if operation.paged else ""
        return [f"for item in {of}.list({limit}):", f"    print(item{shows})"]
    if verb == "delete":
        # The client hands back what was answered, as it is.
        return [f"answer = {of}.delete()", f'print(answer["{operation.shows}"])']
    if not operation.request:
        return [f"answer = {of}.{verb}()", f"print(answer{shows})"]
    _, _, name = operation.request.partition(".")
    body = PYTHON.write(operation.body, before=PYTHON.indent)
    return [
        f"request = {name}(\n{PYTHON.indent}{body}\n)",
        f"answer = {of}.{verb}(request)",
        f"print(answer{shows})",
    ]


def _plain(operation: Operation, site: Site) -> list[str]:
    verb = operation.method.lower()
    if operation.file:
        url = f'os.environ["{UPLOAD_URL}"]'
        content = json.dumps(operation.file)
        return [
            f"answer = httpx.{verb}({url}, content={content})",
            "print(answer.status_code)",
        ]
    mark = "f" if operation.places else ""
    query = "?pageSize=20" if operation.paged else ""
    arguments = [f'{mark}"{site.base}{operation.path}{query}"']
    if operation.needs_account:
        arguments.append('auth=(os.environ["ACCOUNT_SID"], os.environ["AUTH_TOKEN"])')
    if operation.body is not None:
        arguments.append(f"json={PYTHON.write(operation.body, before=PYTHON.indent)}")
    given = "".join(f"{PYTHON.indent}{each},\n" for each in arguments)
    return [f"answer = httpx.{verb}(\n{given})", "print(answer.json())"]


def _ids(operation: Operation, site: Site) -> list[str]:
    """A line for each id of the path: what it is, or where it is read from."""
    if operation.file:
        return []
    given = site.given(operation)
    return [
        f"{name} = {json.dumps(given[name])}"
        if name in given
        else f'{name} = os.environ["{variable(name)}"]'
        for name in operation.places
    ]


def _reads(operation: Operation, site: Site) -> bool:
    """Whether some id is not known, and comes from the environment."""
    return len(site.given(operation)) < len(operation.places)
