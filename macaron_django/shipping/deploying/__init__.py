"""Deploys a project, for ``manage.py deploy``. The steps are in PyMacaron's order.

Each environment in the setting ``DEPLOY`` names a driver, which releases versions on one platform. Open
``release_drivers`` for the methods of a driver. The two known drivers are in ``ecs_driver`` and ``lambda_driver``.
Open ``deploy_steps`` for a step, ``step_runs`` for how steps run, and ``deploy_actions`` for what a dry run shows. Open
``deploy_environments`` for the setting, ``container_images`` for Docker and Podman, and ``git_revisions`` for the names
of versions. Open ``served_versions`` for requests to a running server, and ``deploy_workflows`` for CI.
"""

from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError
from macaron_django.shipping.deploying.release_drivers import Driver, Release, ReleaseFiles

__all__ = ["DeployActions", "DeployError", "Driver", "Release", "ReleaseFiles"]
