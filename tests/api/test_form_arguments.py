"""Handlers take the fields of Swagger 2.0's forms by name, and files as PyMacaron gives them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from macaron_django import openapi as spec
from macaron_django.api.plans.operation_handlers import Handler
from macaron_django.api.requests.bodies import BodyReader

HERE = __name__
FILE = {"in": "formData", "name": "photo", "type": "file"}
TITLE = {"in": "formData", "name": "my-title", "type": "string"}
COUNT = {"in": "formData", "name": "count", "type": "integer"}
ALBUM = {"in": "path", "name": "album", "type": "string", "required": True}


def takes_files(photo, photo_filename=None, photo_mimetype=None, my_title="none", *, album):
    return photo, photo_filename, photo_mimetype, my_title, album


def takes_all(**fields):
    return fields


def takes_form(form, album):
    return form, album


def takes_rest(*args, **kwargs):
    return args, kwargs


def takes_strangers(photo, size, album):
    return photo, size, album


@pytest.fixture
def handler():
    def make(name, *fields):
        operation = {"consumes": ["multipart/form-data"], "parameters": [ALBUM, *fields], "responses": {}}
        tree = {"swagger": "2.0", "info": {"title": "t", "version": "1"}}
        document = spec.load({**tree, "paths": {"/albums/{album}": {"post": operation}}})
        return Handler(document.operations[0], f"{HERE}.{name}")

    return make


def call(handler, **form):
    body = BodyReader(handler.operation).read(RequestFactory().post("/albums/a", form))
    return handler.call(None, body, {"album": "a"})


def photo():
    return SimpleUploadedFile("a.png", b"\x89PNG", "image/png")


def test_a_file_is_its_content_its_name_and_its_media_type(handler):
    found = handler("takes_files", FILE, TITLE)
    assert found.problems() == []
    assert call(found, photo=photo(), **{"my-title": "A"}) == (b"\x89PNG", "a.png", "image/png", "A", "a")


def test_what_was_not_sent_is_the_default_else_none(handler):
    assert call(handler("takes_files", FILE, TITLE), **{"my-title": "A"}) == (None, None, None, "A", "a")
    assert handler("takes_files", FILE, TITLE).call(None, None, {"album": "a"}) == (None, None, None, "none", "a")


def test_keyword_arguments_hold_all_fields(handler):
    found = handler("takes_all", FILE, COUNT)
    assert found.problems() == []
    expected = {"photo": b"\x89PNG", "photo_filename": "a.png", "photo_mimetype": "image/png"}
    assert call(found, photo=photo(), count="3") == {"album": "a", "count": 3, **expected}


def test_a_declared_field_keeps_its_name(handler):
    named = {"in": "formData", "name": "photo_filename", "type": "string"}
    found = call(handler("takes_all", FILE, named), photo=photo(), photo_filename="mine")
    assert (found["photo_filename"], found["photo_mimetype"]) == ("mine", "image/png")


@pytest.mark.parametrize("name", ["takes_form", "takes_rest"])
def test_a_handler_may_take_the_form_as_a_whole(handler, name):
    found = handler(name, FILE, COUNT)
    assert found.problems() == []
    result = call(found, photo=photo(), count="3")
    form = result[0] if name == "takes_form" else result[0][0]
    assert (form.count, form.photo.read()) == (3, b"\x89PNG")


def test_an_argument_that_is_no_field_is_a_finding(handler):
    (problem,) = handler("takes_strangers", FILE).problems()
    assert (problem.id, "requires an argument 'size'" in problem.message) == ("E302", True)
