"""Django's system checks: what ``manage.py check`` reports about specs, settings, engine and tokens.

Importing this package registers the checks. ``docs/reference/checks.md`` lists their IDs. A finding has the same ID in
all commands and in the log. The modules:

- ``setting_checks``: checks of a setting's value
- ``deploy_checks``: checks that ``--deploy`` adds
- ``project_checks``: all other checks
- ``check_messages``: the sentence about the command ``explaincheck`` at the end of each message
"""

from macaron_django.checks.deploy_checks import (
    check_exposure,
    check_fast_lane,
    check_front,
    check_immediate_tasks,
    check_threads,
)
from macaron_django.checks.project_checks import (
    check_clients,
    check_engine,
    check_jwt,
    check_observability,
    check_relations,
    check_specs,
    check_tasks,
)
from macaron_django.checks.setting_checks import check_pym_config, check_settings

__all__ = [
    "check_clients",
    "check_engine",
    "check_exposure",
    "check_fast_lane",
    "check_front",
    "check_immediate_tasks",
    "check_jwt",
    "check_observability",
    "check_pym_config",
    "check_relations",
    "check_settings",
    "check_specs",
    "check_tasks",
    "check_threads",
]
