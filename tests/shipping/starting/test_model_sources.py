"""Models are written for schemas as inspectdb writes them for tables, and Django takes them."""

from __future__ import annotations

from pathlib import Path

from macaron_django import openapi
from macaron_django.shipping.starting.model_sources import identified, models_source

PETSTORE = Path(__file__).parents[2] / "fixtures" / "starting" / "petstore.yaml"

EXPECTED = '''\
"""Models."""

import uuid

from django.db import models


class Pet(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=50)
    status = models.CharField(
        max_length=9,
        choices=[("available", "available"), ("sold", "sold")],
        null=True,
        blank=True,
    )
    # a $ref to Owner, which has a key: check that this is a relation, and that on_delete is right
    owner = models.ForeignKey(
        "Owner",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    born = models.DateField(null=True, blank=True)
    weight = models.DecimalField(max_digits=19, decimal_places=2, null=True, blank=True)
    tags = models.JSONField(null=True, blank=True)
    # the property 'class': add `x-field: class_field` to it in the spec
    class_field = models.TextField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name or str(self.pk)


class Owner(models.Model):
    id = models.BigIntegerField(primary_key=True)
    email = models.EmailField()

    def __str__(self) -> str:
        return self.email or str(self.pk)
'''


def test_the_models_of_the_pet_store():
    document = openapi.load(PETSTORE)
    assert identified(document) == {"Pet": "id", "Owner": "id"}
    assert models_source(document, identified(document), "Models.") == EXPECTED
