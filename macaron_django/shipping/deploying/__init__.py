"""Deploys a project, for ``manage.py deploy``. The steps are in PyMacaron's order.

Each environment in the setting ``DEPLOY`` names a driver, which releases versions on one platform. The modules:

- ``deploy_environments``: the setting ``DEPLOY``
- ``deploy_steps``: the steps
- ``step_runs``: how the steps run
- ``deploy_actions``: the commands and AWS calls that a dry run shows
- ``release_drivers``: the methods of a driver
- ``ecs_driver`` and ``lambda_driver``: the two known drivers
- ``container_images``: images for Docker and Podman
- ``git_revisions``: the names of versions
- ``served_versions``: requests to a running server
- ``deploy_workflows``: CI workflows
"""

from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError
from macaron_django.shipping.deploying.release_drivers import Driver, Release, ReleaseFiles

__all__ = ["DeployActions", "DeployError", "Driver", "Release", "ReleaseFiles"]
