"""The static files as a production server serves them: hashed and compressed."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import override_settings

MANIFEST = "whitenoise.storage.CompressedManifestStaticFilesStorage"


@pytest.fixture
def collected(tmp_path: Path):
    storages = {"staticfiles": {"BACKEND": MANIFEST}}
    with override_settings(STORAGES=storages, STATIC_ROOT=tmp_path):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield tmp_path


def test_every_file_that_a_page_names_is_there_hashed_and_compressed(collected):
    page = render_to_string(
        "web/problem.html", {"status": 404, "title": "t", "message": "m"}
    )

    names = [part.partition('"')[0] for part in page.split('"/static/')[1:]]

    assert len(names) > 10
    for name in names:
        assert (collected / name).exists(), name
        assert len(Path(name).suffixes) > 1, f"{name} has no hash"
    [style] = [name for name in names if name.startswith("css/pages.")]
    assert (collected / f"{style}.br").exists()
