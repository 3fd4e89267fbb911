"""Django's system checks: what ``manage.py check`` reports about specs, settings, engine and tokens.

Importing this registers them. ``docs/reference/checks.md`` lists their IDs; a finding has the same ID wherever it is
shown. Open ``setting_checks`` for the value of a setting, ``deploy_checks`` for what ``--deploy`` adds,
``project_checks`` for everything else, and ``check_messages`` for the command that explains a message.
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
