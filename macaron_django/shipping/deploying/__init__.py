"""Deploys a project: what ``manage.py deploy`` does, step by step, in PyMacaron's order.

The setting ``DEPLOY`` comes in; images, tables and releases go out, or a list of what would be done. Open
``deploy_steps`` for a step, ``step_runs`` for how steps run, ``release_drivers`` for what a driver is, ``ecs_driver``
and ``lambda_driver`` for the known ones, ``deploy_environments`` for the setting, ``container_images`` for Docker and
Podman, ``git_revisions`` for the names of versions, ``deploy_actions`` for what a dry run shows, ``served_versions``
for what a server says about itself, and ``deploy_workflows`` for CI.
"""

from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError
from macaron_django.shipping.deploying.release_drivers import Driver, Release, ReleaseFiles

__all__ = ["DeployActions", "DeployError", "Driver", "Release", "ReleaseFiles"]
