"""A service that is one program: its settings are made from ``pym-config.yaml``, without settings.py or manage.py.

It takes a program that is written like PyMacaron's ``server.py``, and Django serves it. Open ``made_settings`` for the
settings, ``service`` for what the program can say of its APIs, ``command_line`` for its options and environment,
``serving`` for the server, ``flask_apps`` for a Flask app beside the APIs, ``program_runs`` for how it is started, and
``program_workers`` for the workers of its tasks.
"""

from __future__ import annotations

from macaron_django.lazy_exports import lazy_exports

__all__ = ["Service", "get_port", "letsgo", "run_program"]

__getattr__ = lazy_exports(
    __name__, {"command_line": ("get_port", "letsgo"), "program_runs": ("run_program",), "service": ("Service",)}
)
