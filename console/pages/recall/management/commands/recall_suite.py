"""Runs a tenant's cases of Recall."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from django.core.management.base import BaseCommand, CommandError

from console.client.errors import MemoryProblem
from console.pages.recall.cases import run_case
from console.pages.recall.models import RecallCase
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store


class Command(BaseCommand):
    help = (
        "Runs the cases of Recall that people made in the console, and names each that "
        "fails; the exit code is 1 if one does or there is none."
    )

    # Who asks, where that is not somebody at a shell.
    stealth_options = ("actor",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", metavar="TENANT")
        parser.add_argument("--suite", default="", help="this one alone")
        parser.add_argument(
            "--junit",
            type=Path,
            metavar="FILE",
            help="a report for CI; -: in the place of words",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(
                f"There is no tenant {options['tenant']!r}.", returncode=2
            )
        cases = tenant.recall_cases.order_by("suite", "name")
        if options["suite"]:
            cases = cases.filter(suite=options["suite"])
        actor = options.get("actor") or Actor(None, tenant, name="command line")
        store = open_store(tenant)
        try:
            ran = [run_case(case, store, actor) for case in cases]
        except MemoryProblem as problem:
            raise CommandError(
                f"The memory did not answer: {problem.message}"
            ) from problem
        if not ran:
            raise CommandError("There are no such cases.")
        report = str(options["junit"] or "")
        if report == "-":
            self.stdout.write(build_junit(ran).decode())
        for case in ran if report != "-" else ():
            self.stdout.write(f"{case.get_state_display():<14} {case} {case.words}")
        if report not in {"", "-"}:
            Path(report).write_bytes(build_junit(ran))
        if failed := [case for case in ran if case.state == RecallCase.State.FAILED]:
            raise CommandError(f"{len(failed)} of {len(ran)} failed.")


def build_junit(cases: list[RecallCase]) -> bytes:
    root = ElementTree.Element("testsuite", name="recall", tests=str(len(cases)))
    for case in cases:
        test = ElementTree.SubElement(
            root, "testcase", classname=case.suite, name=case.name
        )
        if case.is_erased:
            ElementTree.SubElement(test, "skipped", message=case.get_state_display())
        elif case.state == RecallCase.State.FAILED:
            ElementTree.SubElement(test, "failure", message=case.words)
    root.set("failures", str(len(root.findall("testcase/failure"))))
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
