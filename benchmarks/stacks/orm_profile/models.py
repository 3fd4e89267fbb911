"""The profile as a Django model; both stacks on the ORM use this model."""

import uuid

from django.db import models


def new_id() -> str:
    return str(uuid.uuid4())


class Profile(models.Model):
    profile_id = models.CharField(primary_key=True, max_length=64, default=new_id)
    name = models.CharField(max_length=200)
    email = models.EmailField(null=True, blank=True)  # noqa: DJ001 - unset isn't empty
    age = models.PositiveSmallIntegerField(null=True, blank=True)
    tags = models.JSONField(null=True, blank=True)
    address = models.JSONField(null=True, blank=True)
    notes = models.JSONField(null=True, blank=True)
    view_count = models.PositiveBigIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
