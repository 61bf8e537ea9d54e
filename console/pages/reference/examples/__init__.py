"""Examples, written from the description: what the page shows runs as it stands."""

from console.pages.reference.endpoints import Endpoint
from console.pages.reference.examples import curl, node, python
from console.pages.reference.examples.site import Example, Site

LANGUAGES = (("curl", "curl"), ("python", python.LABEL), ("node", node.LABEL))


def list_examples(endpoint: Endpoint, site: Site) -> list[Example]:
    """One for each language, in their order."""
    return [language.write(endpoint, site) for language in (curl, python, node)]


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
