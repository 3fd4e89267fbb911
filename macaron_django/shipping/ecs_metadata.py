"""Gets the CPUs and the addresses of this container's task from Amazon ECS."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException
from typing import Any, Final
from urllib.request import ProxyHandler, build_opener

__all__ = ["task_addresses", "task_cpus"]

logger = logging.getLogger(__name__)

#: The environment variable that ECS sets in each container ("Amazon ECS task metadata endpoint version 4").
_VARIABLE: Final = "ECS_CONTAINER_METADATA_URI_V4"
_TIMEOUT: Final = 2  # seconds
_LONGEST: Final = 1024 * 1024  # bytes


def task_cpus(environment: Mapping[str, str] = os.environ) -> float | None:
    """Returns the vCPUs of this container's task, such as 0.25. None outside of ECS, or if the task has no limit."""
    address = environment.get(_VARIABLE)
    limits = _answer(f"{address}/task").get("Limits") if address else None
    cpus = limits.get("CPU") if isinstance(limits, dict) else None
    return float(cpus) if isinstance(cpus, (int, float)) and cpus > 0 else None


def task_addresses(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Returns this container's addresses in the form of ``ALLOWED_HOSTS``. Outside of ECS, returns an empty list.

    The health check of a load balancer sends the container's address as Host.
    """
    address = environment.get(_VARIABLE)
    networks = _answer(address).get("Networks") if address else None
    return [
        f"[{each}]" if ":" in each else each
        for network in networks or ()
        for each in (*network.get("IPv4Addresses", ()), *network.get("IPv6Addresses", ()))
    ]


@cache
def _answer(address: str) -> dict[str, Any]:
    """Returns the response of ECS. If there is none, logs a warning and returns {}.

    Doesn't use the environment's proxy.
    """
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=_TIMEOUT) as response:
            found = json.loads(response.read(_LONGEST))
    except (OSError, ValueError, HTTPException) as error:
        logger.warning("The address in %s doesn't answer with this task's metadata: %s", _VARIABLE, error)
        return {}
    return found if isinstance(found, dict) else {}
