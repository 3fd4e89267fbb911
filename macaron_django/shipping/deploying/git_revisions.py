"""Names versions by date, time and git revision, as PyMacaron does."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError

__all__ = ["new_version", "place_in_repository", "require_version_of_revision"]

_DIRTY = "-dirty"
#: The most changed files that a message names.
_NAMED = 5


def new_version(actions: DeployActions, *, allow_dirty: bool) -> str:
    """Returns the name ``DATE-TIME-REVISION`` for the revision that is checked out. The time is in UTC.

    If there are uncommitted changes, raises DeployError. If ``allow_dirty`` is True, adds ``-dirty`` to the name
    instead.
    """
    now = datetime.now(timezone.utc).strftime("%y%m%d-%H%M")
    return f"{now}-{_revision(actions, allow_dirty=allow_dirty)}"


def require_version_of_revision(actions: DeployActions, version: str, *, allow_dirty: bool) -> None:
    """Raises DeployError if ``version`` can't be built, because another revision is checked out."""
    revision = _revision(actions, allow_dirty=allow_dirty)
    if not version.endswith(f"-{revision}"):
        raise DeployError(
            f"{version} can't be built here, because {revision} is checked out. Check out the revision of {version}, "
            "leave out --release, or begin with a later step: --from push."
        )


def place_in_repository(actions: DeployActions) -> tuple[Path, str]:
    """Returns the folder of the project's repository, and the project's folder within it.

    If the two folders are the same, the project's folder is "".

    If the project isn't in a repository, its own folder counts as the repository's folder.
    """
    try:
        inside = actions.output(["git", "rev-parse", "--show-prefix"]).strip().rstrip("/")
    except DeployError:
        inside = ""
    return (actions.folder.parents[inside.count("/")] if inside else actions.folder), inside


def _revision(actions: DeployActions, *, allow_dirty: bool) -> str:
    try:
        revision = actions.output(["git", "rev-parse", "--short", "HEAD"]).strip()
        changed = actions.output(["git", "status", "--porcelain"]).splitlines()
    except DeployError as error:
        raise DeployError(
            f"A version is named after its git revision, which can't be read: {error} Commit the project with git."
        ) from error
    if not changed:
        return revision
    if allow_dirty:
        return revision + _DIRTY
    named = ", ".join(line[3:] for line in changed[:_NAMED])
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    raise DeployError(
        f"Changes that aren't committed would be deployed under the name of {revision}: {named}{more}. "
        "Commit or stash them, or add --allow-dirty."
    )
