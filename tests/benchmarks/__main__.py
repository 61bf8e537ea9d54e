"""`make bench`: what pages and calls cost, printed as one table a subject.

Runs on databases of its own, filled with the demo. Figures of one run belong
together: only their ratios can be compared with another machine's.
"""

import os
import secrets
import tempfile
from pathlib import Path

from console.core.bootstrap import prepare_process


def set_up(folder: Path, *, demo: bool = True) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "MEMORY_DIGEST_KEY": secrets.token_urlsafe(50),
        "VAULT_KEYS": "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "DEMO_PASSWORD": secrets.token_urlsafe(16),
        "HTTPS": "0",
        "LOG_LEVEL": "ERROR",
        "ALLOWED_HOSTS": "testserver,127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder}/console.sqlite3",
        "MEMORY_DATABASE_URL": f"sqlite:///{folder}/memory.sqlite3",
    }
    prepare_process()
    import django

    django.setup()
    from django.core.management import call_command

    with open(os.devnull, "w") as quiet:
        call_command("prepare", *["--demo"] * demo, stdout=quiet)
    if demo:
        call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        set_up(Path(folder))
        from tests.benchmarks import (
            api,
            conversations,
            decode,
            extraction,
            fleet,
            growth,
            identity,
            loading,
            masking,
            multilingual,
            pages,
            paint,
            probes,
            recall,
            speed,
            timeline,
        )

        recall.run()
        extraction.run()
        multilingual.run()
        probes.run()
        speed.run()
        pages.run()
        fleet.run()
        timeline.run()
        growth.run()
        identity.run()
        paint.run()
        decode.run()
        masking.run()
        api.run()
        conversations.run()
        loading.run()


if __name__ == "__main__":
    main()
