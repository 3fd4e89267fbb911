"""Finds out how many CPUs this process may use. CPU affinity, control groups and ECS tasks can limit this number."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from math import ceil
from pathlib import Path, PurePosixPath

from macaron_django.shipping.ecs_metadata import task_cpus

__all__ = ["usable_cpus"]


def usable_cpus(root: Path = Path("/")) -> int:
    """Returns the number of CPUs that this process may use, at least 1.

    A part of a CPU counts as a whole CPU, because 1.5 CPUs can keep two processes busy at times. ``root`` is the folder
    that has ``proc`` and ``sys``.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    limits = [*_quotas(root)]
    if (task := task_cpus()) is not None:  # on Fargate, the container can't see the control group with the limit
        limits.append(task)
    return max(1, min([cpus, *map(ceil, limits)]))


def _quotas(root: Path) -> Iterator[float]:
    """Yields the quotas, in CPUs, of this process's control groups and their parents (Linux, cgroup v1 and v2)."""
    for folders in _group_paths(root):
        yield from (quota for folder in folders for quota in (_version2(folder), _version1(folder)) if quota)


def _version2(folder: Path) -> float | None:
    """Returns the quota in ``cpu.max`` of cgroup v2 (cgroup-v2.rst).

    "150000 100000" means 150,000 microseconds of CPU in each period of 100,000 microseconds.
    """
    return _cpus(*" ".join(_lines(folder / "cpu.max")).partition(" ")[::2])


def _version1(folder: Path) -> float | None:
    """Returns the quota in the two files of cgroup v1. There, -1 means that there is no limit (sched-bwc.rst)."""
    quota, period = (" ".join(_lines(folder / f"cpu.cfs_{each}_us")) for each in ("quota", "period"))
    return _cpus(quota, period)


def _cpus(allowed: str, period: str) -> float | None:
    """Returns a quota in CPUs. None if there is no limit, or if the files are of the other cgroup version."""
    if not (allowed.isdecimal() and period.isdecimal() and int(period)):
        return None
    return int(allowed) / int(period)


def _group_paths(root: Path) -> Iterator[list[Path]]:
    """Yields the folders of this process's control group and of its parents, for each hierarchy that limits CPUs.

    ``/proc/self/cgroup`` has the group's path from the root of its hierarchy. ``/proc/self/mountinfo`` says where the
    hierarchy is mounted. Often, only a part of the hierarchy is mounted. In a container, this part is the container's
    own group.
    """
    groups = {}
    for line in _lines(root / "proc/self/cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" or "cpu" in controllers.split(","):
            groups["cgroup2" if number == "0" else "cgroup"] = PurePosixPath(path)
    for line in _lines(root / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        kind, _, options = after.partition(" ")
        if kind in groups and (kind == "cgroup2" or "cpu" in options.split(" ")[-1].split(",")):
            mounted, point = (_unescaped(each) for each in before.split(" ")[3:5])
            yield _folders(root / point.lstrip("/"), PurePosixPath(mounted), groups[kind])


def _folders(point: Path, mounted: PurePosixPath, group: PurePosixPath) -> list[Path]:
    below = group.relative_to(mounted) if group.is_relative_to(mounted) and ".." not in group.parts else PurePosixPath()
    return [point / each for each in (below, *below.parents)]


def _unescaped(text: str) -> str:
    """Decodes a path in mountinfo, which has octal escapes for blanks and backslashes (proc_pid_mountinfo(5))."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # not Linux
        return []
