"""Items in the Django admin: listed by cursor, shown whole, and kept from those without permission."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from macaron_django import apipool
from macaron_django.admin import ItemAdmin

LIST = "/admin/macaron_myserver/profile/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def profiles(dynamodb):
    """The manager of the example's profiles, on a table of the test's own."""
    return apipool.myserver.Profile.objects


@pytest.fixture
def staff(client: Client) -> Client:
    """A client of somebody who may view profiles, and nothing else."""
    user = User.objects.create_user("viewer", password="secret", is_staff=True)
    user.user_permissions.add(
        Permission.objects.get(codename="view_profile", content_type__app_label="macaron_myserver")
    )
    client.force_login(user)
    return client


def test_the_index_lists_each_persisted_schema_under_its_api(profiles, admin_client):
    page = admin_client.get("/admin/").content.decode()

    assert LIST in page
    assert "Profiles" in page


def test_the_list_has_the_schema_s_columns_in_its_order(profiles, staff):
    profiles.create(profile_id="ada", name="Ada", age=36, email="ada@example.com")

    changelist = staff.get(LIST).context["cl"]

    assert [column.prop.name for column in changelist.list_display[1:]] == [
        "profile_id",
        "name",
        "email",
        "age",
        "view_count",
        "created",
    ]
    assert [row.pk for row in changelist.result_list] == ["ada"]


def test_every_item_is_on_exactly_one_page(profiles, staff, monkeypatch):
    monkeypatch.setattr(ItemAdmin, "list_per_page", 4)
    names = {f"profile-{number}" for number in range(10)}
    for name in names:
        profiles.create(profile_id=name, name=name)

    seen: list[str] = []
    address = LIST
    while address:
        changelist = staff.get(address).context["cl"]
        seen += [row.pk for row in changelist.result_list]
        address = LIST + changelist.next_url if changelist.next_url else ""

    assert sorted(seen) == sorted(names)
    assert changelist.first_url == "?"
    assert changelist.previous_url.startswith("?_after=")


@pytest.mark.parametrize("order", ["1", "-3.2", "nonsense"])
def test_an_order_in_the_address_is_left_aside(profiles, staff, order):
    profiles.create(profile_id="ada", name="Ada")

    assert [row.pk for row in staff.get(LIST, {"o": order}).context["cl"].result_list] == ["ada"]


def test_a_cursor_that_was_altered_leads_back_to_the_first_page(profiles, staff):
    answer = staff.get(LIST, {"_after": "altered"})

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{LIST}?e=1"


def test_the_item_page_shows_every_property_escaped(profiles, staff):
    profiles.create(
        profile_id="seven", name="<script>alert(1)</script>", tags=["<i>"], address={"city": "<u>Paris</u>"}
    )

    page = staff.get(f"{LIST}seven/change/").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Paris" in page
    for markup in ("<script>alert", "<i>", "<u>Paris"):
        assert markup not in page


def test_an_item_that_is_gone_leads_back_to_the_index(profiles, staff):
    assert staff.get(f"{LIST}nobody/change/").status_code == 302


@pytest.mark.parametrize("address", [LIST, f"{LIST}ada/change/", f"{LIST}ada/history/"])
def test_nobody_looks_without_permission(profiles, client, address):
    profiles.create(profile_id="ada", name="Ada")

    assert client.get(address).headers["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("staff", is_staff=True))
    assert client.get(address).status_code == 403


@pytest.mark.parametrize("address", [f"{LIST}add/", f"{LIST}ada/delete/"])
def test_nobody_writes_where_the_setting_says_read_only(profiles, admin_client, settings, address):
    settings.MACARON = {**settings.MACARON, "ADMIN": {"READ_ONLY": True}}
    profiles.create(profile_id="ada", name="Ada")

    assert admin_client.get(address).status_code == 403
    assert admin_client.post(address, {"post": "yes", "name": "Eve"}).status_code == 403
    assert admin_client.post(f"{LIST}ada/change/", {"name": "Eve"}).status_code == 403
    assert [row.name for row in profiles.all()] == ["Ada"]
