"""Releases packages to AWS Lambda.

Each release is a published version of a function, and an environment is an alias.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from macaron_django.shipping.deploying.deploy_actions import DeployActions, DeployError, polls
from macaron_django.shipping.deploying.release_drivers import Release, ReleaseFiles, is_version

__all__ = ["LambdaDriver"]

#: The most bytes of a zip file that UpdateFunctionCode accepts (AWS, "Lambda quotas"). Larger files must be in S3.
MOST_DIRECT: Final = 50 * 1024 * 1024
#: Seconds between two calls for the state of a function.
INTERVAL: Final = 2.0
#: The description of an alias: the published versions that the alias has had, the current version first.
_HISTORY: Final = re.compile(r"macaron: (\d+(?: < \d+)*)")
#: The most characters of a description.
_MOST: Final = 256
_INSTEAD: Final = (
    "To release a version that has already been uploaded, use --from with this environment's name and --release "
    "VERSION."
)


class LambdaDriver:
    """Uploads code to a function, publishes it as a version, and moves the alias to it."""

    makes = "package"
    required: frozenset[str] = frozenset({"FUNCTION", "ALIAS"})
    optional: frozenset[str] = frozenset({"ARCHITECTURE", "BUCKET"})

    def __init__(self, options: Mapping[str, Any], actions: DeployActions) -> None:
        self._actions, self._function, self._alias = actions, options["FUNCTION"], options["ALIAS"]
        self._bucket, self._timeout = options.get("BUCKET"), options["TIMEOUT"]
        self._architecture, self._region = options.get("ARCHITECTURE", "arm64"), options["REGION"]
        self._lambda = actions.client("lambda", self._region)

    def upload(self, files: ReleaseFiles) -> None:
        """Uploads the package, and publishes it under the version's name."""
        if self._published(files.version) is not None:
            self._actions.write(f"{self._function} already has {files.version}.")
            return
        file = files.packages.get(self._architecture)
        code = b"" if self._actions.dry_run else self._read(file)
        digest = base64.b64encode(hashlib.sha256(code).digest()).decode("ascii")
        if len(code) > MOST_DIRECT:
            source: dict[str, Any] = self._in_bucket(code, files.version)
        else:
            source = {"ZipFile": code}
        name = "x86_64" if self._architecture == "x86-64" else self._architecture
        self._change("UpdateFunctionCode", Architectures=[name], **source)
        self._wait_until("LastUpdateStatus", "Successful")
        # If another deployment has uploaded code meanwhile, the digest differs. Then this call fails, so that the other
        # code doesn't get this name.
        published = self._change("PublishVersion", Description=files.version, CodeSha256=digest)
        # With SnapStart, a version can be invoked only after some minutes.
        self._wait_until("State", "Active", Qualifier=published["Version"])

    def current(self) -> Release:
        """Returns the release that the alias points to. If there is no alias yet, the release has no version."""
        alias = self._described_alias()
        return Release("") if alias is None else self._release(alias["FunctionVersion"])

    def release(self, files: ReleaseFiles) -> Release:
        """Moves the alias to the published version. Creates the alias if it doesn't exist."""
        number = self._published(files.version)
        if number is None:
            if not self._actions.dry_run:
                raise DeployError(f"{self._function} has no version {files.version}. Upload it: --from push.")
            number = "the new version"  # in a dry run, the version isn't uploaded yet
        alias = self._described_alias()
        if alias is None:
            self._change("CreateAlias", Name=self._alias, FunctionVersion=number, Description=_description([number]))
        else:
            before = [each for each in _history(alias) if each != number]
            self._move(alias, [number, *before])
        return Release(files.version, {self._alias: number})

    def wait(self, release: Release) -> None:
        """Raises DeployError if the alias doesn't point to the release's version.

        No waiting is needed: an alias moves at once, and only to versions that can be invoked.
        """
        number = release.places[self._alias]
        alias = self._described_alias()
        if alias is None or alias["FunctionVersion"] != number:
            raise DeployError(f"The alias {self._alias} of {self._function} was moved by another deployment.")

    def back(self) -> Release:
        """Moves the alias to its previous version."""
        alias = self._described_alias()
        history = [] if alias is None else _history(alias)
        if alias is None:
            raise DeployError(
                f"{self._function} has no alias {self._alias}, so there is no earlier release. {_INSTEAD}"
            )
        if len(history) < 2:
            raise DeployError(
                f"The description of {self._function}'s alias {self._alias} doesn't contain the previous version. "
                f"{_INSTEAD}"
            )
        self._move(alias, history[1:])
        return self._release(history[1])

    def _release(self, number: str) -> Release:
        configuration = self._actions.read(
            self._lambda, "GetFunctionConfiguration", FunctionName=self._function, Qualifier=number
        )
        described = configuration.get("Description", "")  # written by this command or by another tool
        return Release(described if number.isdecimal() and is_version(described) else "", {self._alias: number})

    def _move(self, alias: Mapping[str, Any], history: Sequence[str]) -> None:
        # If another deployment has moved the alias meanwhile, the revision differs, and this call fails.
        revision = {"RevisionId": alias["RevisionId"]} if "RevisionId" in alias else {}
        self._change(
            "UpdateAlias",
            Name=self._alias,
            FunctionVersion=history[0],
            Description=_description(history),
            RoutingConfig={"AdditionalVersionWeights": {}},
            **revision,
        )

    def _change(self, operation: str, **parameters: Any) -> Any:
        made_up = {"Version": "the new version"}
        return self._actions.change(self._lambda, operation, made_up, FunctionName=self._function, **parameters)

    def _read(self, file: Path | None) -> bytes:
        if file is None or not file.is_file():
            raise DeployError(f"The package {file} isn't there. Make it: --from build.")
        return file.read_bytes()

    def _in_bucket(self, code: bytes, version: str) -> dict[str, str]:
        if self._bucket is None:
            raise DeployError(
                f"The package is {len(code) / 1024 / 1024:.1f} MB, but without S3, Lambda accepts only "
                f"{MOST_DIRECT // 1024 // 1024} MB. Set BUCKET to the name of an S3 bucket."
            )
        key = f"{self._function}/{version}.zip"
        s3 = self._actions.client("s3", self._region)
        self._actions.change(s3, "PutObject", {}, Bucket=self._bucket, Key=key, Body=code)
        return {"S3Bucket": self._bucket, "S3Key": key}

    def _published(self, version: str) -> str | None:
        """Returns the number of the published version that has this name."""
        listed = self._actions.listed(self._lambda, "ListVersionsByFunction", "Versions", FunctionName=self._function)
        numbers = (each["Version"] for each in listed if each.get("Description") == version)
        return next((number for number in numbers if number != "$LATEST"), None)

    def _described_alias(self) -> dict[str, Any] | None:
        listed = self._actions.listed(self._lambda, "ListAliases", "Aliases", FunctionName=self._function)
        return next((alias for alias in listed if alias["Name"] == self._alias), None)

    def _wait_until(self, key: str, wanted: str, **qualifier: str) -> None:
        if self._actions.dry_run:
            return
        found: dict[str, Any] = {}
        for _ in polls(self._timeout, INTERVAL):
            found = self._actions.read(
                self._lambda, "GetFunctionConfiguration", FunctionName=self._function, **qualifier
            )
            if found.get(key) == wanted:
                return
            if found.get(key) == "Failed":
                break
        place, reason = ":".join([self._function, *qualifier.values()]), found.get(f"{key}Reason", "")
        raise DeployError(f"{place}: {key} is {found.get(key)}, not {wanted}. {reason}".strip())


def _history(alias: Mapping[str, Any]) -> list[str]:
    """Returns the versions that an alias has had, the current version first.

    If another tool has moved the alias, the recorded versions follow the current version.
    """
    current = str(alias["FunctionVersion"])
    found = _HISTORY.search(alias.get("Description", ""))
    numbers = found[1].split(" < ") if found else []
    return numbers if numbers[:1] == [current] else [current, *(each for each in numbers if each != current)]


def _description(history: Sequence[str]) -> str:
    kept = list(history)
    while len(text := f"macaron: {' < '.join(kept)}") > _MOST:
        kept.pop()
    return text
