"""The four calls of floor_profile.py for blocking stacks, over the connection that an environment variable names."""

import os
from importlib import import_module
from typing import Any

import floor_profile

call = import_module(os.environ.get("STACK_CALL", "raw_call")).call


def find(profile_id: str) -> dict[str, Any] | None:
    return floor_profile.found(call(*floor_profile.getting(profile_id)))


def page(limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    return floor_profile.paged(call(*floor_profile.paging(limit, cursor)), limit)


def create(profile: dict[str, Any]) -> dict[str, Any] | None:
    status, _ = call(*floor_profile.creating(profile))
    return profile if status == 200 else None


def replace(profile_id: str, profile: dict[str, Any]) -> dict[str, Any] | None:
    return floor_profile.replaced(call(*floor_profile.replacing(profile_id, profile)))
