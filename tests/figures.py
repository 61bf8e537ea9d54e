"""Figures of the code, to compare versions: `python -m tests.figures [CHECKOUT ...]`.

One column for each checkout, this one without any. Most is read from syntax trees. What
a request runs through is seen in a process of the checkout's own, with the demo in new
databases. Migrations count nowhere.
"""

import ast
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import tokenize
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

HERE = Path(__file__).resolve().parent.parent
# Loaded by their name, by Django or a server: nobody has to import them.
BY_NAME = re.compile(
    r"console\.(settings|wsgi|gunicorn)|.*\.(apps|\w*urls|management\.commands\.\w+)"
)
# What makes a group of names an observation's fields; a summary has the last as well.
FIELDS = ({"content"}, {"source"}, {"occurred_at", "occurredAt"})
SUMMARY = {"conversation_id", "conversationId"}
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Module:
    def __init__(self, path: Path, checkout: Path) -> None:
        self.path = path.relative_to(checkout)
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)

    @cached_property
    def name(self) -> str:
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def functions(self) -> list[ast.FunctionDef]:
        return [each for each in self.tree.body if isinstance(each, ast.FunctionDef)]

    @cached_property
    def code_lines(self) -> int:
        """Lines with more on them than a comment or a docstring."""
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in LAYOUT:
                lines.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
                doc = node.body[0]
                lines.difference_update(range(doc.lineno, doc.end_lineno + 1))
        return len(lines)


class Project:
    """One checkout, as its syntax trees show it."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        paths = sorted((checkout / "console").rglob("*.py"))
        kept = [path for path in paths if "migrations" not in path.parts]
        self.modules = [Module(path, checkout) for path in kept]

    def figures(self) -> dict[str, str]:
        own = [*self.modules, Module(self.checkout / "manage.py", self.checkout)]
        functions = sum(len(module.functions) for module in self.modules)
        views, tested = self.views(), self.views_with_tests()
        return {
            "lines of code": f"{sum(module.code_lines for module in own):,}",
            "files that are not empty": str(sum(bool(m.text.strip()) for m in own)),
            "files with an observation's fields": str(len(self.field_places())),
            "modules with one importer or none": str(len(self.lonely_modules())),
            "private functions named once": (
                f"{len(self.private_functions_named_once())} of {functions} functions"
            ),
            "class names in two or more modules": str(len(self.repeated_classes())),
            "views with a test of their name": f"{len(tested)} of {len(views)}",
        }

    def field_places(self) -> list[str]:
        """Classes, dictionaries and calls by keyword with an observation's fields."""
        return [
            str(module.path)
            for module in self.modules
            if any(map(is_observation, map(names_in, ast.walk(module.tree))))
        ]

    def lonely_modules(self) -> list[str]:
        importers = self._importers()
        return [
            module.name
            for module in self.modules
            if module.code_lines
            and not BY_NAME.fullmatch(module.name)
            and len(importers[module.name]) <= 1
        ]

    def _importers(self) -> dict[str, set[str]]:
        known = {module.name for module in self.modules}
        found: dict[str, set[str]] = defaultdict(set)
        for module in self.modules:
            for name in imported_names(module.tree, known):
                found[name].add(module.name)
            found[module.name].discard(module.name)
        return found

    def private_functions_named_once(self) -> list[str]:
        found = []
        for module in self.modules:
            nodes = list(ast.walk(module.tree))
            named = Counter(node.id for node in nodes if isinstance(node, ast.Name))
            found += [
                f"{module.name}.{function.name}"
                for function in module.functions
                if function.name.startswith("_") and named[function.name] == 1
            ]
        return found

    def repeated_classes(self) -> list[str]:
        found = Counter(
            node.name
            for module in self.modules
            for node in module.tree.body
            if isinstance(node, ast.ClassDef)
        )
        return sorted(name for name, count in found.items() if count > 1)

    def views(self) -> list[tuple[Module, str]]:
        """Functions of a request that answer it and that an address leads to."""
        routed = {
            node.attr if isinstance(node, ast.Attribute) else node.id
            for module in self.modules
            if module.name.endswith("urls")
            for node in ast.walk(module.tree)
            if isinstance(node, (ast.Attribute, ast.Name))
        }
        return [
            (module, function.name)
            for module in self.modules
            for function in module.functions
            if is_view(function) and (function.name in routed or is_operation(function))
        ]

    def views_with_tests(self) -> list[str]:
        """Those with a test whose name begins with theirs, or with its words the noun
        before the verb, in the folder of the tests that has the view's place."""
        tests = self._tests_by_folder()
        found = []
        for module, name in self.views():
            places = takewhile(
                {"api", "views"}.isdisjoint, zip(module.path.parts[1:-1])
            )
            folder = "/".join(place for (place,) in places)
            verb, _, noun = name.partition("_")
            beginnings = (f"test_{name}_", f"test_{noun}_{verb}_")
            if any(
                f"{test}_".startswith(beginnings)
                for place, names in tests.items()
                if f"{place}/".startswith(f"{folder}/")
                for test in names
            ):
                found.append(f"{module.name}.{name}")
        return found

    def _tests_by_folder(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        root = self.checkout / "tests"
        for path in root.rglob("test_*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found[path.relative_to(root).parent.as_posix()].update(
                node.name for node in tree.body if isinstance(node, ast.FunctionDef)
            )
        return found


def names_in(node: ast.AST) -> set[str]:
    """What a class declares, a dictionary holds or a call is given by keyword."""
    if isinstance(node, ast.ClassDef):
        return {name for each in node.body for name in targets_of(each)}
    if isinstance(node, ast.Dict):
        return {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
    if isinstance(node, ast.Call):
        return {keyword.arg for keyword in node.keywords if keyword.arg}
    return set()


def targets_of(node: ast.stmt) -> Iterator[str]:
    targets = [node.target] if isinstance(node, ast.AnnAssign) else []
    targets = node.targets if isinstance(node, ast.Assign) else targets
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_observation(names: set[str]) -> bool:
    return all(names & each for each in FIELDS) and not names & SUMMARY


def imported_names(tree: ast.Module, known: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else node.module


def is_view(function: ast.FunctionDef) -> bool:
    first = [argument.arg for argument in function.args.args[:1]]
    answers = ast.unparse(function.returns) if function.returns else ""
    return (
        first == ["request"]
        and "HttpResponse" in answers
        and not function.name.startswith("_")
    )


def is_operation(function: ast.FunctionDef) -> bool:
    """Whether its decorator says which call of the API it answers."""
    called = [
        each.func for each in function.decorator_list if isinstance(each, ast.Call)
    ]
    return any(ast.unparse(each).endswith("operation") for each in called)


# Seen from inside, in a process whose folder is the checkout ------------------------


class Trace:
    """Our files that a call runs through, and the pairs of which one calls another."""

    def __init__(self) -> None:
        self.ours = f"{Path.cwd()}/console/"
        self.files: set[str] = set()
        self.hops: set[tuple[str, str]] = set()

    def of(self, call: Callable[[], Any]) -> dict[str, int]:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        try:
            status = call().status_code
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
        assert status < 400, status
        return {"files": len(self.files), "hops": len(self.hops)}

    def _note(self, frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or code.co_name == "<module>":
            return
        if code.co_filename.startswith(self.ours):
            self.files.add(code.co_filename)
            before = self._nearest(frame.f_back)
            if before not in {"", code.co_filename}:
                self.hops.add((before, code.co_filename))

    def _nearest(self, frame: Any) -> str:
        while frame and not frame.f_code.co_filename.startswith(self.ours):
            frame = frame.f_back
        return frame.f_code.co_filename if frame else ""


def trace_requests() -> dict[str, dict[str, int]]:
    import django
    from django.core.management import call_command
    from django.test import override_settings

    django.setup()
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    with override_settings(STORAGES={"staticfiles": {"BACKEND": plain}}):
        for alias in ("default", "memory"):
            call_command("migrate", database=alias, verbosity=0)
        call_command("createcachetable", verbosity=0)
        call_command("seed_demo", stdout=io.StringIO())
        call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)
        return {**trace_pages(), "one API write": trace_write()}


def trace_pages() -> dict[str, dict[str, int]]:
    agent, officer = sign_in("agent@demo.example"), sign_in("officer@demo.example")
    slug = find(r"/t/([\w-]+)/", agent.get("/", follow=True).text)[0]
    tenant = f"/t/{slug}"
    # Not everybody has said something.
    for id_ in find(r"mem_profile_\w{26}", agent.get(f"{tenant}/profiles/").text):
        profile = f"{tenant}/profiles/{id_}"
        timeline = agent.get(f"{profile}/timeline/").text
        found = find(r"mem_observation_\w{26}", timeline)
        if len(found) > 1:
            break
    first, second = found[:2]
    recall = f"{tenant}/recall/"
    asked = {"identity": id_, "mode": "query", "query": "tent"}
    # An address used to hold the words that were asked; a form sends them now.
    sent = agent.post(recall, asked)
    run = sent.url if sent.status_code == 302 else f"{recall}?{urlencode(asked)}"
    why = {"reason_code": "verify", "ticket": "CASE-1"}
    reveal = f"{profile}/reveal/trait/Contact.email/"
    htmx = {"HX-Request": "true"}
    return {
        "one Recall page": warm(lambda: agent.get(run)),
        "one reveal": warm(lambda: agent.post(reveal, why, headers=htmx)),
        "one deletion": warm(
            confirm_deletion(officer, f"{profile}/observations", first),
            confirm_deletion(officer, f"{profile}/observations", second),
        ),
    }


def sign_in(email: str) -> Any:
    from django.test import Client
    from django.urls import reverse

    client = Client()
    known = {"login": email, "password": os.environ["DEMO_PASSWORD"]}
    assert client.post(reverse("account_login"), known).status_code == 302
    return client


def confirm_deletion(officer: Any, observations: str, id_: str) -> Callable[[], Any]:
    url = f"{observations}/{id_}/delete/"
    [inventory] = find(r'name="inventory" value="(\w+)"', officer.get(url).text)
    form = {
        "inventory": inventory,
        "confirmation": id_[-6:],
        "reason_code": "customer_request",
        "reason": "Ticket 1",
    }
    return lambda: officer.post(url, form)


def trace_write() -> dict[str, int]:
    import httpx
    from django.core.management import call_command

    from console.wsgi import application

    out = io.StringIO()
    call_command("create_account", "figures", "--json", stdout=out)
    account = json.loads(out.getvalue())
    http = httpx.Client(
        transport=httpx.WSGITransport(app=application),
        base_url="http://testserver",
        auth=(account["accountSid"], account["authToken"]),
    )
    made = http.post("/v1/ControlPlane/Stores", json={"displayName": "figures"})
    store = http.get(made.headers["Location"]).json()["result"]["id"]
    profiles = f"/v1/Stores/{store}/Profiles"
    contact = {"traits": {"Contact": {"email": "a@example.com"}}}
    id_ = http.post(profiles, json=contact).json()["id"]
    observation = {
        "content": "likes tea",
        "source": "chat",
        "occurredAt": "2026-01-05T09:00:00Z",
    }
    body = {"observations": [observation]}
    return warm(lambda: http.post(f"{profiles}/{id_}/Observations", json=body))


def warm(call: Callable[[], Any], again: Callable[[], Any] | None = None) -> Any:
    """The second call alone: what the first one imports or fills stays out."""
    call()
    return Trace().of(again or call)


def find(pattern: str, text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(pattern, text)))


# The table --------------------------------------------------------------------------


def request_figures(checkout: Path) -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="figures-") as folder:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", __file__, "--trace"],
            cwd=checkout,
            env=environment(folder),
            stdout=subprocess.PIPE,
            check=True,
        )
    return {
        f"{name}: files, hops": f"{found['files']}, {found['hops']}"
        for name, found in json.loads(done.stdout).items()
    }


def environment(folder: str) -> dict[str, str]:
    return os.environ | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": "figures-only-" + "k" * 50,
        "MEMORY_DIGEST_KEY": "figures-only-" + "d" * 50,
        "VAULT_KEYS": "figures:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "DEMO_PASSWORD": "figures-only",
        "HTTPS": "0",
        "LOG_LEVEL": "ERROR",
        "ALLOWED_HOSTS": "testserver",
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
    }


def main(checkouts: list[Path]) -> None:
    columns = [Project(each).figures() | request_figures(each) for each in checkouts]
    for name in columns[0]:
        values = [f"{column[name]:>24}" for column in columns]
        print(f"{name:<36}", *values)


if __name__ == "__main__":
    if sys.argv[1:] == ["--trace"]:
        # As `python -m` has it: the checkout, not the folder of this file.
        sys.path[0] = os.getcwd()
        print(json.dumps(trace_requests()))
    else:
        main([Path(name).resolve() for name in sys.argv[1:]] or [HERE])
