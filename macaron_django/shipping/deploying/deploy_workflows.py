"""Writes a CI workflow that runs the same steps as ``manage.py deploy``. It uses an AWS role, not long-lived keys."""

from __future__ import annotations

import sys
from collections.abc import Container, Sequence

from macaron_django.shipping.deploying.deploy_environments import STEPS_BEFORE, DeployEnvironment
from macaron_django.shipping.file_templates import rendered

__all__ = ["github_workflow"]

#: This step runs in the environments' jobs, because only these jobs have the variables and credentials.
OF_ENVIRONMENTS = "tables"


def github_workflow(
    environments: Sequence[DeployEnvironment], steps: Container[str], folder: str = ""
) -> dict[str, str]:
    """Returns the workflow file for GitHub Actions, by its path.

    It has one job for the steps before the releases, and then one job for each environment.

    The jobs run only the steps whose names are in ``steps``. ``folder`` is the project's folder within its repository.
    """
    regions = [region for each in environments if (region := each.options["REGION"])]
    context = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "region": regions[0] if regions else "",
        "folder": folder,
        "before": [name for name in STEPS_BEFORE if name != OF_ENVIRONMENTS and name in steps],
        "environments": [
            {
                "name": each.name,
                "region": each.options["REGION"] or (regions[0] if regions else ""),
                "needs": environments[number - 1].name if number else "build",
                "steps": [name for name in (OF_ENVIRONMENTS, each.name, f"{each.name}-acceptance") if name in steps],
            }
            for number, each in enumerate(environments)
        ],
    }
    return rendered("workflow", context)
