"""What a server's process does before its first request."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import gc
from django.conf import settings
settings.configure(ROOT_URLCONF="__main__", SECRET_KEY="-", MACARON={{"FRONT": False}})
urlpatterns = []
import django
django.setup()
{before}
from macaron_django.{kind} import get_{kind}_application
before = gc.get_freeze_count()
get_{kind}_application()
print(before, gc.get_freeze_count())
"""


def frozen(kind: str, before: str = "") -> tuple[int, int]:
    """How many objects the garbage collector leaves alone before and after an application is made."""
    code = CODE.format(kind=kind, before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = map(int, done.stdout.split())
    return first, second


def test_the_garbage_collector_leaves_alone_what_is_loaded_when_a_server_starts() -> None:
    for kind in ("wsgi", "asgi"):
        before, after = frozen(kind)
        assert before == 0
        assert after > 1000


def test_a_process_that_has_frozen_its_objects_is_left_as_it_is() -> None:
    before, after = frozen("wsgi", "gc.freeze()")
    assert 0 < after <= before
