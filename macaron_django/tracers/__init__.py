"""Finds the wrappers that tracers put around functions of botocore and Django, and puts them around other functions.

macaron_django bypasses botocore and Django in some places. With the wrappers, these places are traced, too. Tracers
aren't imported here, because the name of a wrapper identifies its tracer.

``known_tracers`` lists the wrappers of each tracer. ``wrappers`` puts a function's wrappers around another function.
``fibers`` runs the blocking code of wrappers on an event loop.
"""

from macaron_django.tracers.fibers import await_in_fiber, can_await, run_in_fiber
from macaron_django.tracers.wrappers import Layer, around, has_other_code, name_of, unwrapped

__all__ = ["Layer", "around", "await_in_fiber", "can_await", "has_other_code", "name_of", "run_in_fiber", "unwrapped"]
