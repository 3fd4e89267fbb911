"""Third-party skins replace Django's templates and the site; the items' pages extend whatever is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from macaron_django.dynamodb import engines

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "tests" / "fixtures" / "skins" / "pages.py"
#: django-unfold needs Python 3.11.
SKINS = ["jazzmin", "unfold"] if sys.version_info >= (3, 11) else ["jazzmin"]


@pytest.mark.parametrize("skin", SKINS)
def test_every_page_shows_its_values_under_a_skin(dynamodb, skin):
    endpoint = engines.current().endpoint_url
    environment = {"PYTHONPATH": str(ROOT), "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    done = subprocess.run(
        [sys.executable, PAGES, skin, endpoint],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(pages) == 12
    assert [page for page in pages if page[1:] != [200, True, True, True]] == []
