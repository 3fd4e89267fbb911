"""Runs Django for a service that is one program, like PyMacaron's ``server.py``.

The service needs neither settings.py nor manage.py: Django's settings are created from ``pym-config.yaml``. Open
``made_settings`` for the settings, ``service`` for the class with which the program describes its APIs,
``command_line`` for its options and environment, ``serving`` for the server, ``flask_apps`` for a Flask app beside the
APIs, ``program_runs`` for starting the program, and ``program_workers`` for the workers of its tasks.
"""

from __future__ import annotations

from macaron_django.lazy_exports import lazy_exports

__all__ = ["Service", "get_port", "letsgo", "run_program"]

__getattr__ = lazy_exports(
    __name__, {"command_line": ("get_port", "letsgo"), "program_runs": ("run_program",), "service": ("Service",)}
)
