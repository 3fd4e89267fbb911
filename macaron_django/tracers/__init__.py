"""Knows the wrappers that tracers put around botocore and Django, so that code that bypasses these is traced, too.

Nothing of a tracer is imported here: the name of a wrapper says whose it is. Open ``known_tracers`` to add a tracer,
``wrappers`` for how a tracer's code is put around something else, and ``fibers`` for how such code, which blocks, runs
on an event loop.
"""

from macaron_django.tracers.fibers import await_in_fiber, can_await, run_in_fiber
from macaron_django.tracers.wrappers import Layer, around, has_other_code, name_of, unwrapped

__all__ = ["Layer", "around", "await_in_fiber", "can_await", "has_other_code", "name_of", "run_in_fiber", "unwrapped"]
