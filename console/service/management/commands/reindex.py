"""Makes the table that Recall reads anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from console.service.memory.embedding_jobs import (
    count_pending,
    embed_pending,
    get_embedder,
    get_model_id,
)
from console.service.memory.items import count_entries_by_model, rebuild_index
from console.service.memory.models import Profile, Store


class Command(BaseCommand):
    help = (
        "Makes what Recall reads anew from the memory's observations and summaries:"
        " after an update that says so, or to be sure. The memory serves meanwhile."
        " A changed MEMORY_EMBEDDER or an update needs no reindex: the worker makes new"
        " vectors and terms; --status says how far it is, --vectors does it now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--status", action="store_true", help="only say what is there"
        )
        which.add_argument(
            "--vectors", action="store_true", help="only make what waits for the worker"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["status"]:
            # None: quiet unless stderr is a terminal.
            disable = True if options["verbosity"] == 0 else None
            if not options["vectors"]:
                self.rebuild(disable)
            self.make_vectors(disable)
        self.report()

    def rebuild(self, disable: bool | None) -> None:
        total = Profile.objects.count()
        with tqdm(total=total, unit=" profiles", disable=disable) as bar:
            for store in Store.objects.all():
                for _ in rebuild_index(store):
                    bar.update()

    def make_vectors(self, disable: bool | None) -> None:
        with tqdm(total=count_pending(), unit=" texts", disable=disable) as bar:
            for made in embed_pending(get_embedder()):
                bar.update(made)

    def report(self) -> None:
        by_model = count_entries_by_model()
        present = get_model_id() or "none"
        self.stdout.write(f"{by_model.total()} texts, embedder {present}")
        for model, count in sorted(by_model.items()):
            self.stdout.write(f"  {count} {model or 'without a vector'}")
        if waiting := count_pending():
            self.stdout.write(f"  {waiting} wait for the worker")
