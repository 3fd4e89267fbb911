"""How many CPUs a process may use: the files of control groups as Linux writes them, and what ECS answers."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from macaron_django.shipping import ecs_metadata
from macaron_django.shipping.container_files import ContainedProject, container_files
from macaron_django.shipping.cpu_limits import usable_cpus
from macaron_django.shipping.ecs_metadata import task_addresses, task_cpus

VERSION_2 = "30 24 0:26 {mounted} /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n"
VERSION_1 = (
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "34 31 0:31 {mounted} /sys/fs/cgroup/cpuset ro,relatime master:14 - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 {mounted} /sys/fs/cgroup/cpu,cpuacct ro,relatime master:15 - cgroup cgroup rw,cpu,cpuacct\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
)


@pytest.fixture(autouse=True)
def _eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECS_CONTAINER_METADATA_URI_V4", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def _machine(root: Path, group: str, mounts: str, files: dict[str, str]) -> Path:
    for path, text in {"proc/self/cgroup": group, "proc/self/mountinfo": mounts, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "ascii")
    return root


@pytest.mark.parametrize(
    ("limit", "cpus"),
    [
        ("max 100000", 8),
        ("25000 100000", 1),
        ("100000 100000", 1),
        ("150000 100000", 2),
        ("400000 100000", 4),
        ("1600000 100000", 8),
        ("", 8),
        ("1 0", 8),
        ("-5 7", 8),
    ],
)
def test_a_container_may_use_its_quota(tmp_path: Path, limit: str, cpus: int) -> None:
    files = {"sys/fs/cgroup/cpu.max": f"{limit}\n"}
    assert usable_cpus(_machine(tmp_path, "0::/\n", VERSION_2.format(mounted="/"), files)) == cpus


def test_the_smallest_quota_above_a_process_counts(tmp_path: Path) -> None:
    machine = _machine(
        tmp_path,
        "0::/system.slice/app.service/worker\n",
        VERSION_2.format(mounted="/"),
        {
            "sys/fs/cgroup/system.slice/cpu.max": "600000 100000\n",
            "sys/fs/cgroup/system.slice/app.service/cpu.max": "250000 100000\n",
            "sys/fs/cgroup/system.slice/app.service/worker/cpu.max": "max 100000\n",
            "sys/fs/cgroup/system.slice/other.service/cpu.max": "100000 100000\n",
        },
    )
    assert usable_cpus(machine) == 3


@pytest.mark.parametrize(
    ("group", "mounted"),
    [
        ("0::/kubepods/pod1/c2", "/kubepods/pod1/c2"),  # the group itself is mounted
        ("0::/", "/../../kubepods"),  # a namespace whose root isn't the mount's
        ("0::/../c3", "/"),
    ],
)
def test_a_group_that_is_elsewhere_has_the_limit_of_the_mount(tmp_path: Path, group: str, mounted: str) -> None:
    files = {"sys/fs/cgroup/cpu.max": "200000 100000\n"}
    assert usable_cpus(_machine(tmp_path, f"{group}\n", VERSION_2.format(mounted=mounted), files)) == 2


@pytest.mark.parametrize(("quota", "cpus"), [("-1", 8), ("25000", 1), ("150000", 2), ("300000", 3)])
@pytest.mark.parametrize(
    ("group", "mounted", "folder"), [("/docker/ab", "/docker/ab", ""), ("/a.slice", "/", "a.slice/")]
)
def test_the_first_version_of_control_groups_has_two_files(
    tmp_path: Path, quota: str, cpus: int, group: str, mounted: str, folder: str
) -> None:
    machine = _machine(
        tmp_path,
        f"5:cpuset:{group}\n4:cpu,cpuacct:{group}\n1:name=systemd:{group}\n0::{group}\n",
        VERSION_1.format(mounted=mounted),
        {
            f"sys/fs/cgroup/cpu,cpuacct/{folder}cpu.cfs_quota_us": f"{quota}\n",
            f"sys/fs/cgroup/cpu,cpuacct/{folder}cpu.cfs_period_us": "100000\n",
        },
    )
    assert usable_cpus(machine) == cpus


def test_a_mount_with_a_blank_in_its_path_is_found(tmp_path: Path) -> None:
    mounts = "30 24 0:26 / /sys/my\\040groups rw,relatime shared:4 - cgroup2 none rw\n"
    assert usable_cpus(_machine(tmp_path, "0::/\n", mounts, {"sys/my groups/cpu.max": "100000 100000\n"})) == 1


def test_a_platform_without_affinities_or_groups_has_the_cpus_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cpus(tmp_path) == 1


# -- ECS ---------------------------------------------------------------------------------------------------------------


class _Metadata(BaseHTTPRequestHandler):
    answers: dict[str, bytes]

    def do_GET(self) -> None:
        self.send_response(200 if self.path in self.answers else 404)
        self.end_headers()
        self.wfile.write(self.answers.get(self.path, b""))

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The answers of ECS by path, for a container whose endpoint is ``/v4/ab``."""
    answers: dict[str, bytes] = {}
    server = HTTPServer(("127.0.0.1", 0), type("Metadata", (_Metadata,), {"answers": answers}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", f"http://127.0.0.1:{server.server_port}/v4/ab")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    ecs_metadata._answer.cache_clear()
    yield answers
    server.shutdown()
    thread.join()
    server.server_close()
    ecs_metadata._answer.cache_clear()


def test_a_task_of_fargate_may_use_what_ecs_says(metadata: dict[str, bytes], tmp_path: Path) -> None:
    metadata["/v4/ab/task"] = json.dumps({"Limits": {"CPU": 0.25, "Memory": 512}}).encode()
    assert task_cpus() == 0.25
    assert usable_cpus(tmp_path) == 1


def test_a_quota_below_the_tasks_limit_counts(metadata: dict[str, bytes], tmp_path: Path) -> None:
    metadata["/v4/ab/task"] = json.dumps({"Limits": {"CPU": 4, "Memory": 8192}}).encode()
    assert usable_cpus(tmp_path) == 4
    files = {"sys/fs/cgroup/cpu.max": "200000 100000\n"}
    assert usable_cpus(_machine(tmp_path, "0::/\n", VERSION_2.format(mounted="/"), files)) == 2


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"no json", b'{"Limits": {"CPU": "x"}}', b'{"Limits": 1}', None])
def test_a_task_without_a_limit_may_use_the_machine(
    metadata: dict[str, bytes], answer: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if answer is not None:
        metadata["/v4/ab/task"] = answer
    with caplog.at_level(logging.WARNING):
        assert usable_cpus(tmp_path) == 8
    assert len(caplog.records) == (answer is None or answer == b"no json")


def test_the_container_answers_to_its_addresses(metadata: dict[str, bytes]) -> None:
    metadata["/v4/ab"] = json.dumps(
        {"Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.2.106"], "IPv6Addresses": ["2001:db8::1"]}]}
    ).encode()
    assert task_addresses() == ["10.0.2.106", "[2001:db8::1]"]
    project = ContainedProject("shop", "3.13", "shop.wsgi:app", dynamodb=True, worker=False, without_static=False)
    before, found, _ = container_files(project)["start.sh"].partition("python manage.py check")
    assert found
    script = f'{before}\necho "$ALLOWED_HOSTS"'
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    shown = [
        subprocess.run(
            ["sh", "-c", script], env=os.environ | path | more, capture_output=True, text=True, check=True
        ).stdout
        for more in ({}, {"ALLOWED_HOSTS": "shop.example"})
    ]
    assert shown == ["10.0.2.106,[2001:db8::1]\n", "shop.example,10.0.2.106,[2001:db8::1]\n"]


def test_outside_ecs_nothing_is_asked() -> None:
    assert task_cpus({}) is None
    assert task_addresses({}) == []
