"""Everything of an installation on one machine, until it is told to stop."""

import os
import signal
import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

HOST = "127.0.0.1"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What is asked to stop has this long; then it is ended.
STOP_S = 3.5
PAUSE_S = 0.1


class Command(BaseCommand):
    help = (
        "Prepares the installation, then runs the web server and the worker until one"
        " of them ends, or until Ctrl-C or SIGTERM. With --demo also an emulator of"
        " Segment, unless SEGMENT_URL names another."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="make the demo tenants")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        if not 0 < port < 2**16:
            raise CommandError(
                "A port is a number from 1 to 65535. Nothing was changed."
            )
        commands: list[Sequence[str]] = []
        # Nobody takes a port while the demo is filled, which may take minutes.
        with ExitStack() as reserved:
            reserved.enter_context(reserve(port))
            if options["demo"] and not settings.SEGMENT_URL:
                segment = reserved.enter_context(reserve(0)).getsockname()[1]
                settings.SEGMENT_URL = f"http://{HOST}:{segment}"
                os.environ["SEGMENT_URL"] = settings.SEGMENT_URL
                commands = [("-m", "console.demo.segment", str(segment))]
            try:
                call_command(
                    "prepare", demo=options["demo"], port=port, stdout=self.stdout
                )
            except KeyboardInterrupt:
                raise CommandError(
                    "Stopped; the next start goes on from here."
                ) from None
        server = (
            "gunicorn",
            "--config",
            "console/gunicorn.py",
            f"--bind={HOST}:{port}",
        )
        worker = ("manage.py", "db_worker", "--interval=2", "--verbosity=0")
        ended = run_together([("-m", *server, "console.wsgi"), worker, *commands])
        if ended is not None:
            raise CommandError(f"{ended} ended by itself; the others were stopped.")


def reserve(port: int) -> socket.socket:
    """A socket that is bound there, 0: to a free one. Raises CommandError if the server
    could not listen there."""
    reserved = socket.socket()
    # As the server does: what a server before left behind is no hindrance.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reserved.bind((HOST, port))
    except OSError as exc:
        reserved.close()
        raise CommandError(
            f"Port {port} cannot be used ({exc.strerror}). Choose another, such as"
            f" `make run PORT={port + 1}`. Nothing was changed."
        ) from exc
    return reserved


def run_together(commands: Sequence[Sequence[str]]) -> str | None:
    """Runs Python with each command's arguments; stops all when one ends.

    Answers that one's first words, or None if it was told to stop.
    """

    told = list[int]()
    for number in SIGNALS:
        # Noted, not raised: what is just being started would be left to itself.
        signal.signal(number, lambda number, _: told.append(number))
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            running.append(start(command))
        while all(process.poll() is None for process in running):
            if told:
                return None
            sleep(PAUSE_S)
        return " ".join(commands[find_ended(running)][:2])
    finally:
        stop_all(running)


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C reaches this process alone, which then asks them.
    arguments = [sys.executable, *command]
    return subprocess.Popen(arguments, start_new_session=True)  # noqa: S603 - ours


def find_ended(running: Sequence[subprocess.Popen[bytes]]) -> int:
    return next(n for n, process in enumerate(running) if process.poll() is not None)


def stop_all(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    for process in running:
        process.terminate()
    until = monotonic() + STOP_S
    while monotonic() < until and any(p.poll() is None for p in running):
        sleep(PAUSE_S)
    for process in running:
        if process.poll() is None:
            # With the processes that it has started itself.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
