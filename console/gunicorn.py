"""gunicorn, as `make run` and the container start it. Settings: gunicorn's own names."""

import gc
import os
from contextlib import suppress
from ctypes import CDLL
from shutil import rmtree
from tempfile import mkdtemp
from threading import Thread
from typing import Any

from django.conf import settings

from console.core.bootstrap import prepare_process

prepare_process()
# One heap for all threads (M_ARENA_MAX): of its own, each keeps what it has freed,
# 15 MB together. glibc alone has it.
with suppress(AttributeError):
    CDLL(None).mallopt(-8, 1)

# The web processes' counts for /metrics: files mapped into memory. On a full disk whoever
# writes in one is killed (SIGBUS), so in memory where the system has such a folder.
shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
counts = os.environ["PROMETHEUS_MULTIPROC_DIR"] = mkdtemp(
    "", "console-metrics-", shared
)

worker_class = "console.web_worker.BufferingWorker"
workers = settings.WEB_CONCURRENCY
# More than all hanging memories together hold (console/client/network.py).
threads = 12
timeout = 60
graceful_timeout = 20
# Longer than a proxy in front keeps an idle connection: it must not send on one that
# is just being closed.
keepalive = 75
# No query string and no referrer: both can name a customer.
accesslog = os.environ.get("ACCESS_LOG") or None
access_log_format = "%(t)s %(m)s %(U)s %(s)s %(B)s %(M)sms"
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Load our own encoder before the workers are forked: they share what it reads,
    100 MB. Not another one: ONNX Runtime does not survive a fork."""
    from console.engine.embedding import load_embedder

    if settings.MEMORY_EMBEDDER == "use-3" and (model := load_embedder("use-3")):
        model.embed(["ready"])
        gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Load the embedder while the first requests come in: a Recall would wait a second
    for it."""
    # Here and not above: gunicorn reads this file before Django is set up.
    from console.service.memory.embedding_jobs import embed_query

    Thread(target=embed_query, args=("ready",), daemon=True).start()


def on_exit(server: Any) -> None:
    rmtree(counts, ignore_errors=True)
