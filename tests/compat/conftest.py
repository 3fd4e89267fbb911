"""The old names, for one test: a process that has them behaves as PyMacaron did."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def old_names() -> Iterator[None]:
    import macaron_django.compat

    macaron_django.compat.install()
    yield
    macaron_django.compat.uninstall()
    assert not [name for name in sys.modules if name.partition(".")[0].startswith("pymacaron")]
