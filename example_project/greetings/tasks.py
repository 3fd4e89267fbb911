"""Work after the answer to a new greeting."""

from datetime import datetime, timezone
from typing import Any

from greetings.exceptions import MissingAddressError
from macaron_django.tasks import asynctask


@asynctask(retries=1, backoff=1)
def deliver(greeting: Any, profile: Any) -> None:
    """Delivers a greeting; the example only notes when."""
    if not profile.email:
        raise MissingAddressError(f"The profile {profile.profile_id} has no email address")
    greeting.delivered = datetime.now(timezone.utc)
    greeting.save()
