"""Writes a CI workflow that runs the same steps as ``manage.py deploy``, with an AWS role and no long-lived keys."""

from __future__ import annotations

import sys
from collections.abc import Container, Sequence

from macaron_django.shipping.deploying.deploy_environments import STEPS_BEFORE, DeployEnvironment
from macaron_django.shipping.file_templates import rendered

__all__ = ["github_workflow"]

#: The step that runs in the environments' jobs, where their variables and credentials are.
OF_ENVIRONMENTS = "tables"


def github_workflow(
    environments: Sequence[DeployEnvironment], steps: Container[str], folder: str = ""
) -> dict[str, str]:
    """Returns the file of GitHub Actions, by its path: a job for what comes before, then one for each environment.

    The jobs have those steps that are in ``steps``. ``folder`` is where the project is in its repository.
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
