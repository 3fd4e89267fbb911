"""The admin's list of failed tasks, a failure's report, and running one again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client, override_settings
from django.urls import path

from macaron_django.admin import register_items
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.tasks import Message, asynctask
from macaron_django.tasks.backends.immediate import ImmediateBackend
from macaron_django.tasks.item_tables import failed_task_model, own_tables
from tests.admin.test_browser import TOO_WIDE, barriers

ROOT = "/admin/macaron_django/failedtask/"
PATH = "tests.admin.test_failed_task_admin.mend"
mended: list[str] = []
done: list[str] = []


@asynctask()
def mend(name: str, password: str = "") -> None:
    if name not in mended:
        raise LookupError(f"{name} isn't mended")
    done.append(name)


@pytest.fixture
def tasks(dynamodb: Any, db: None, settings: Any) -> Iterator[Any]:
    """A site with the list of failed tasks; ``fail`` has one fail."""
    settings.MACARON = {**settings.MACARON, "TASKS": {"KEEP_FAILURES_DAYS": 7}}
    create_table(own_tables()[0].table)
    mended.clear()
    done.clear()
    site, urls = admin.AdminSite(), ModuleType("urls_of_tasks")
    register_items(site)
    urls.urlpatterns = [path("admin/", site.urls)]  # type: ignore[attr-defined]
    with override_settings(ROOT_URLCONF=urls):
        # Not by `apply_async()`, which waits for the end of the test's transaction.
        yield SimpleNamespace(fail=lambda name="lamp", **named: ImmediateBackend().send(Message(PATH, [name], named)))
    ContentType.objects.clear_cache()  # the model's own is gone with the test's transaction


def client(*permissions: str) -> Client:
    """A client of staff with these permissions on failed tasks; of a superuser without any."""
    made = Client(enforce_csrf_checks=True)
    user, _ = User.objects.get_or_create(username="-".join(permissions) or "root", is_staff=True)
    user.is_superuser = not permissions
    user.save()
    content_type = ContentType.objects.get_for_model(failed_task_model())
    for each in permissions:
        permission, _ = Permission.objects.get_or_create(codename=f"{each}_failedtask", content_type=content_type)
        user.user_permissions.add(permission)
    made.force_login(user)
    return made


def run_again(by: Client, task_id: str) -> str:
    """Confirm the page that runs a task again; what the next page says."""
    page = by.get(f"{ROOT}{task_id}/run-again/")
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    answer = by.post(
        f"{ROOT}{task_id}/run-again/", {"csrfmiddlewaretoken": found[1] if found else by.cookies["csrftoken"].value},
        follow=True,
    )  # fmt: skip
    return " ".join(map(str, answer.context["messages"]))


def test_the_newest_failures_are_listed_and_those_run_again_on_request(tasks: Any) -> None:
    first, second, third = tasks.fail("a"), tasks.fail("b"), tasks.fail("c")
    failed_task_model().objects.filter(pk=second).update(status="done")  # type: ignore[attr-defined]
    root = client()
    page = root.get(ROOT)
    assert page.status_code == 200
    assert [row.pk for row in page.context["cl"].result_list] == [third, first]
    assert page.context["cl"].plan.kind == "query"
    assert "LookupError: c isn&#x27;t mended" in page.content.decode()
    assert [row.pk for row in root.get(f"{ROOT}?status__exact=done").context["cl"].result_list] == [second]
    assert [row.pk for row in root.get(f"{ROOT}?q=id%3D{second}").context["cl"].result_list] == [second]


def test_a_failure_s_page_has_its_report_and_no_arguments(tasks: Any) -> None:
    task_id = tasks.fail(password="hush")
    page = client("view").get(f"{ROOT}{task_id}/change/").content.decode()
    for shown in (PATH, "in mend\n", "lamp isn&#x27;t mended", "error_code", "SERVER_ERROR"):
        assert shown in page
    assert "hush" not in page
    assert "run-again" not in page


def test_a_task_is_run_again_once_for_each_failure(tasks: Any) -> None:
    task_id, by = tasks.fail(), client("view", "change")
    assert "run-again" in by.get(f"{ROOT}{task_id}/view/").content.decode()
    assert run_again(by, task_id) == "The task was sent again, and has failed again."
    mended.append("lamp")
    assert run_again(by, task_id) == "The task was sent again."
    assert run_again(by, task_id).startswith("The task has already been run again and has finished.")
    assert done == ["lamp"]
    page = by.get(f"{ROOT}{task_id}/view/")
    assert page.context["failure"].status_text == "done"
    assert "run-again" not in page.content.decode()
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["Run again."] * 2


def test_nobody_runs_a_task_again_without_permission_or_by_a_page_elsewhere(tasks: Any, settings: Any) -> None:
    address = f"{ROOT}{tasks.fail()}/run-again/"
    mended.append("lamp")
    assert client("view").get(address).status_code == 403
    assert client("view", "change").post(address).status_code == 403  # without the token of the page
    assert client("view", "change").put(address).status_code == 403
    assert Client().get(address).status_code == 302
    settings.MACARON = {**settings.MACARON, "ADMIN": {"READ_ONLY": True}}
    assert client().get(address).status_code == 403
    assert done == []


def test_what_is_gone_or_was_written_by_somebody_else_is_said(tasks: Any) -> None:
    task_id, root = tasks.fail(), client()
    failed_task_model().objects.filter(pk=task_id).update(message="forged")  # type: ignore[attr-defined]
    assert run_again(root, task_id).startswith("The task can't be sent again")
    assert root.get(f"{ROOT}none/run-again/").status_code == 302


def test_failures_are_deleted_by_those_who_may(tasks: Any) -> None:
    task_id = tasks.fail()
    bulk = {"action": "delete_selected", "_selected_action": task_id}
    root = client()
    root.handler.enforce_csrf_checks = False
    assert root.post(ROOT, bulk).context["count"] == 1
    assert root.post(f"{ROOT}delete-items/", {"keys": f'["{task_id}"]'}).status_code == 302
    assert not failed_task_model().objects.all().exists()  # type: ignore[attr-defined]
    assert root.get(f"{ROOT}add/").status_code == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_task_is_run_again_in_a_browser(tasks: Any, open_page: Any, scheme: str) -> None:
    task_id = tasks.fail()
    mended.append("lamp")
    page = open_page(client("view", "change"), ROOT, color_scheme=scheme, viewport={"width": 390, "height": 800})
    found: list[str] = barriers(page)
    page.locator("#result_list tbody th a").click()
    page.get_by_role("heading", name="Traceback").wait_for()
    for address in (ROOT, f"{ROOT}{task_id}/view/", f"{ROOT}{task_id}/run-again/"):
        page.goto(address)
        assert page.evaluate(TOO_WIDE) == []
        found += barriers(page)
    page.get_by_role("button", name="Run it again").click()
    page.get_by_text("The task was sent again.").wait_for()
    assert done == ["lamp"]
    assert found == [], "\n".join(found)
