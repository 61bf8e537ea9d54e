"""Tests in processes that share one collection: `-p tests.forked --forks=4`.

Each of xdist's workers imports and collects everything, and thousands of tests take as
long for that as hundreds of them take to run. Here the children are forked once all of
it is there. They take files in turn, long ones in parts, and send what they find out.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from io import StringIO
from itertools import groupby
from multiprocessing import Pipe, Value
from multiprocessing.connection import Connection, wait
from typing import Any

import pytest

# So many tests of a file follow each other in one process.
TOGETHER = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--forks", type=int, default=0, help="processes to run tests in")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    option = session.config.option
    if not option.forks or option.collectonly or session.testsfailed:
        return None
    # Made before there are several who would each make one.
    session.config._tmp_path_factory.getbasetemp()
    left = {item.nodeid: item for item in session.items}
    while left:
        before = len(left)
        run(session, left)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        assert len(left) < before, "no process has run a test"
    return True


def run(session: pytest.Session, left: dict[str, pytest.Item]) -> None:
    """Takes from `left` what was run; what a process that ended should have run as well
    stays there."""
    parts, taken = list(split([*left.values()])), Value("i", 0)
    running = dict(
        fork(session, parts, taken, number)
        for number in range(session.config.option.forks)
    )
    begun = dict.fromkeys(running, "")
    while running:
        for child in wait(running):
            try:
                sent = child.recv()
            except EOFError:
                os.waitpid(running.pop(child), 0)
                if lost := left.pop(begun[child], None):
                    lost.ihook.pytest_runtest_logreport(report=report_lost(lost))
                continue
            if isinstance(sent, str):
                begun[child] = sent
            else:
                tell(session, sent, left)
        if session.shouldfail:
            taken.value = len(parts)


def split(items: list[pytest.Item]) -> Iterator[list[pytest.Item]]:
    for _, group in groupby(items, lambda item: item.path):
        file = list(group)
        for start in range(0, len(file), TOGETHER):
            yield file[start : start + TOGETHER]


def tell(session: pytest.Session, sent: Any, left: dict[str, pytest.Item]) -> None:
    hook = session.config.hook
    report = hook.pytest_report_from_serializable(config=session.config, data=sent)
    hook.pytest_runtest_logreport(report=report)
    if report.when == "teardown":
        left.pop(report.nodeid)
        hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)


def report_lost(item: pytest.Item) -> pytest.TestReport:
    told = "its process has ended"
    where = item.nodeid, item.location, dict.fromkeys(item.keywords, 1)
    return pytest.TestReport(*where, "failed", told, "call")


def fork(
    session: pytest.Session, parts: Any, taken: Any, number: int
) -> tuple[Connection, int]:
    """Where a new child's reports arrive, and its process."""
    mine, its = Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        its.close()
        return mine, pid
    try:
        mine.close()
        settle(session.config, its, number)
        work(session, parts, taken)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    os._exit(0)


def settle(config: pytest.Config, parent: Connection, number: int) -> None:
    """Databases, a captured output and a way to the parent of its own."""
    # pytest-django's names of databases end in it, as for xdist.
    config.workerinput = {"workerid": f"gw{number}"}
    plugins = config.pluginmanager
    capture, terminal = map(plugins.getplugin, ("capturemanager", "terminalreporter"))
    capture.stop_global_capturing()
    capture.start_global_capturing()
    terminal._tw._file = StringIO()
    plugins.register(Sender(config, parent))


class Sender:
    def __init__(self, config: pytest.Config, parent: Connection) -> None:
        self.config, self.parent = config, parent

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.parent.send(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        to_data = self.config.hook.pytest_report_to_serializable
        self.parent.send(to_data(config=self.config, report=report))


def work(session: pytest.Session, parts: Any, taken: Any) -> None:
    def take() -> list[pytest.Item]:
        with taken.get_lock():
            taken.value += 1
            return parts[taken.value - 1] if taken.value <= len(parts) else []

    part = take()
    while part:
        for item, after in zip(part, [*part[1:], None], strict=True):
            if not after:
                # Its fixtures end with it, but for what the next one shares.
                part = take()
                after = part[0] if part else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if session.shouldfail or session.shouldstop:
                # What the session's fixtures have started ends with it.
                session._setupstate.teardown_exact(None)
                return
