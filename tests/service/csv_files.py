"""A CSV file on its way: announced, uploaded, read by the task's own function."""

from typing import Any

from console.service.memory import import_jobs
from console.service.memory.models import Trait

COLUMNS = {"Mail": "Contact.email", "First": "Contact.firstName"}


def upload_file(
    api: Any, store: str, content: str | bytes, **columns: str
) -> dict[str, Any]:
    """What the announcement was told; columns by name lead to `group.trait`."""
    raw = content.encode() if isinstance(content, str) else content
    mappings = []
    for column, target in (columns or COLUMNS).items():
        group, trait = target.split(".")
        mappings.append({"columnName": column, "traitGroup": group, "traitName": trait})
    body = {"filename": "x.csv", "fileSize": len(raw), "columnMappings": mappings}
    told = api("POST", f"/v1/Stores/{store}/Profiles/Imports", body).json()
    assert api.http.put(told["url"], content=raw).status_code == 200
    return told


def outcome_of(api: Any, store: str, told: dict[str, Any]) -> tuple[dict, dict]:
    """The import as it is shown, and its operation."""
    path = f"/v1/Stores/{store}/Profiles/Imports/{told['importId']}"
    return api.get(path).json(), api.get(told["statusUrl"]).json()


def read_file(api: Any, store: str, told: dict[str, Any]) -> tuple[dict, dict]:
    import_jobs.process_import.func(store, told["importId"])
    return outcome_of(api, store, told)


def values(name: str) -> list:
    rows = Trait.objects.filter(name=name).order_by("profile_id")
    return list(rows.values_list("value", flat=True))


def many(count: int, more: str = "") -> str:
    """Rows whose cells break over lines, and of which every tenth is refused."""
    rows = [
        f'{number}@b.com,"Nr\r\n{number} ä"' if number % 10 else f",{number}"
        for number in range(count)
    ]
    return "".join(f"{row}{more}\r\n" for row in ["Mail,First", *rows])
