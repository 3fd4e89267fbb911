"""Tasks that run after the response has been sent."""

from typing import Any

from macaron_django.tasks import asynctask


@asynctask(retries=3)
def tag(profile: Any, *tags: str) -> list[str]:
    """Adds tags to a profile, and returns all tags of the profile."""
    profile.tags = sorted({*(profile.tags or ()), *tags})
    profile.save()
    return profile.tags
