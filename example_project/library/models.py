"""Books and authors, stored by Django's ORM."""

import uuid

from django.db import models


class Author(models.Model):
    author_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    born = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    class Genre(models.TextChoices):
        NOVEL = "novel"
        POETRY = "poetry"
        SCIENCE = "science"
        HISTORY = "history"

    isbn = models.CharField(max_length=13, primary_key=True)
    title = models.CharField(max_length=300)
    author = models.ForeignKey(Author, on_delete=models.PROTECT, null=True, blank=True, related_name="books")
    genre = models.CharField(max_length=20, choices=Genre.choices, default=Genre.NOVEL)
    published = models.DateField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    available = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.title
