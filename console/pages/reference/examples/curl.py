import json

from console.pages.reference.examples.notation import JSON
from console.pages.reference.examples.site import UPLOAD_URL, Example, Site, variable
from console.pages.reference.operation import Operation


def write(operation: Operation, site: Site) -> Example:
    """One command; a body stands in single quotes, which no sample holds."""
    method = "" if operation.method == "GET" else f"-X {operation.method} "
    words = [f'curl {method}"{address(operation, site)}"']
    if operation.needs_account:
        words.append('-u "$ACCOUNT_SID:$AUTH_TOKEN"')
    if operation.body is not None:
        words.append('-H "Content-Type: application/json"')
        words.append(f"-d '{JSON.write(operation.body, before=JSON.indent)}'")
    if operation.file:
        words.append('-H "Content-Type: text/csv"')
        # $'…' of a shell reads \n as JSON does.
        words.append(f"--data-binary ${quoted(operation.file)}")
    return Example("curl", "curl", "", " \\\n  ".join(words))


def address(operation: Operation, site: Site) -> str:
    """The URL, with a variable of the shell for each id that is not known."""
    if operation.file:
        return f"${UPLOAD_URL}"
    names = {name: f"${variable(name)}" for name in operation.places}
    path = operation.path.format(**names | site.given(operation))
    return f"{site.base}{path}{'?pageSize=20' if operation.paged else ''}"


def quoted(text: str) -> str:
    """What follows the dollar of bash's $'…'."""
    return "'" + json.dumps(text)[1:-1] + "'"
