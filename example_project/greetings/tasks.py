"""The task that delivers a greeting, after the request is answered."""

from datetime import datetime, timezone
from typing import Any

from greetings.exceptions import MissingAddressError
from macaron_django.tasks import asynctask


@asynctask(retries=1, backoff=1)
def deliver(greeting: Any, profile: Any) -> None:
    """Delivers a greeting. The example only notes the time of delivery."""
    if not profile.email:
        raise MissingAddressError(f"The profile {profile.profile_id} has no email address")
    greeting.delivered = datetime.now(timezone.utc)
    greeting.save()
