import json

from console.pages.reference.endpoints import Endpoint
from console.pages.reference.examples.notation import JSON
from console.pages.reference.examples.site import UPLOAD_URL, Example, Site, variable


def write(endpoint: Endpoint, site: Site) -> Example:
    """One command; a body stands in single quotes."""
    method = "" if endpoint.method == "GET" else f"-X {endpoint.method} "
    words = [f'curl {method}"{address(endpoint, site)}"']
    if not endpoint.public:
        words.append('-u "$ACCOUNT_SID:$AUTH_TOKEN"')
    if endpoint.body is not None:
        words.append('-H "Content-Type: application/json"')
        body = JSON.write(endpoint.body, before=JSON.indent)
        words.append("-d '" + body.replace("'", r"'\''") + "'")
    if endpoint.file:
        words.append('-H "Content-Type: text/csv"')
        # $'…' of a shell reads \n as JSON does.
        words.append(f"--data-binary ${quoted(endpoint.file)}")
    return Example("curl", "curl", "", " \\\n  ".join(words))


def address(endpoint: Endpoint, site: Site) -> str:
    """The URL, with a variable of the shell for each id that is not known."""
    if endpoint.file:
        return f"${UPLOAD_URL}"
    names = {name: f"${variable(name)}" for name in endpoint.places}
    path = endpoint.path.format(**names | site.given(endpoint))
    return f"{site.base}{path}{'?pageSize=20' if endpoint.paged else ''}"


def quoted(text: str) -> str:
    """What follows the dollar of bash's $'…'."""
    return "'" + json.dumps(text)[1:-1].replace("'", r"\'") + "'"
