"""`manage.py loadsample`: loads a few profiles, books and orders, and a login for the admin. You can run it again."""

import json
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from library.models import Author, Book

from macaron_django import apipool
from macaron_django.exceptions import ItemExists

SAMPLE_DATA = Path(settings.BASE_DIR) / "sample_data"

WELCOME = """
  API         http://{address}/profiles
  Swagger UI  http://{address}/docs/myserver/
  Redoc       http://{address}/redoc/myserver/
  Admin       http://{address}/admin/   (login admin, password admin)
  Health      http://{address}/ping
"""


def sample(name):
    return json.loads((SAMPLE_DATA / name).read_text("utf-8"))


class Command(BaseCommand):
    help = "Loads missing sample data, and creates the user admin (password: admin)."

    def add_arguments(self, parser):
        parser.add_argument(
            "--address", default="127.0.0.1:8000", help="The server's address in the printed URLs (%(default)s)."
        )

    def handle(self, *args, address, **options):
        if not settings.DEBUG:
            raise CommandError("The sample login is for development only: run this with DEBUG on.")
        created = self.load_profiles() + self.load_library() + self.load_orders() + self.make_login()
        self.stdout.write(f"Sample data: {created} new." if created else "Sample data: all there.")
        self.stdout.write(WELCOME.format(address=address))

    def load_profiles(self) -> int:
        return self.load_items(apipool.myserver.Profile, sample("profiles.json"))

    def load_orders(self) -> int:
        of = sample("orders.json")
        return self.load_items(apipool.orders.Product, of["products"]) + self.load_items(
            apipool.orders.Order, of["orders"]
        )

    def load_items(self, model, items) -> int:
        created = 0
        for item in items:
            with suppress(ItemExists):
                model.objects.create(**item)
                created += 1
        return created

    def load_library(self) -> int:
        of = sample("library.json")
        authors = [Author.objects.get_or_create(pk=each.pop("author_id"), defaults=each) for each in of["authors"]]
        books = [Book.objects.get_or_create(pk=each.pop("isbn"), defaults=each) for each in of["books"]]
        return sum(created for _, created in authors + books)

    def make_login(self) -> int:
        user = get_user_model()
        if user.objects.filter(username="admin").exists():
            return 0
        user.objects.create_superuser("admin", "admin@example.com", "admin")
        return 1
