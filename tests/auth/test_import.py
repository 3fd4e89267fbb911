"""When the package can be imported, and what it exports."""

from __future__ import annotations

import subprocess
import sys

from macaron_django import auth


def test_the_auth_layer_can_be_imported_while_django_loads_its_apps() -> None:
    code = "from django.conf import settings; settings.configure(); import macaron_django.auth"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=300)


def test_what_is_exported_is_sorted_and_there() -> None:
    assert list(auth.__all__) == sorted(auth.__all__)
    assert all(hasattr(auth, name) for name in auth.__all__)
