"""A schema's serializer is a real DRF serializer: the schema judges, DRF shapes, the model's manager keeps."""

import datetime as dt
import re
import uuid
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import path
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework import generics, parsers, renderers, serializers
from rest_framework.exceptions import ValidationError

from macaron_django import openapi as spec
from macaron_django.dynamodb import ItemManager, Persistence, persistence_options
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.exceptions import ItemExists, ValidationFailed
from macaron_django.schemas import Classes, build_model, serializer_for
from macaron_django.schemas.serializers.schema_serializers import SchemaListSerializer, SchemaSerializer
from macaron_django.schemas.validation.violation_search import MAX_VIOLATIONS, MORE
from macaron_django.schemas.values.merge_patches import merge_patch

PROFILE = {
    "type": "object",
    "description": "Somebody who uses the service.",
    "required": ["name"],
    "properties": {
        "profile_id": {"type": "string", "format": "uuid", "readOnly": True},
        "name": {"type": "string", "minLength": 1, "title": "Full name"},
        "age": {"type": ["integer", "null"], "minimum": 0},
        "born": {"type": "string", "format": "date"},
        "seen": {"type": "string", "format": "date-time"},
        "size": {"enum": ["S", "M"], "default": "M"},
        "price": {"type": "string", "format": "decimal"},
        "password": {"type": "string", "writeOnly": True},
        "tags": {"type": "array", "items": {"type": "string"}},
        "address": {"$ref": "#/components/schemas/Address"},
        "addresses": {"type": "array", "items": {"$ref": "#/components/schemas/Address"}},
        "friend": {"$ref": "#/components/schemas/Profile"},
        "happy": {"type": "boolean"},
        "either": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]},
        "class": {"type": "integer"},
        "save": {"type": "string"},
        "a-b": {"type": "string"},
        "日本": {"type": "string"},
    },
}
ADDRESS = {
    "type": "object",
    "required": ["city"],
    "properties": {
        "city": {"type": "string"},
        "zip": {"type": "string", "pattern": "^[0-9]+$"},
        "door_code": {"type": "string", "writeOnly": True},
    },
}


def classes_of(**schemas):
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": schemas},
        }
    )
    return Classes("t", document)


def made(name, classes, *args, **kwargs):
    return serializer_for(classes.document.schemas[name], classes, *args, **kwargs)


@pytest.fixture(scope="module")
def classes():
    return classes_of(
        Profile=PROFILE,
        Address=ADDRESS,
        Addresses={"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Address"}},
        Names={"type": "array", "items": {"type": "string", "format": "date"}},
    )


@pytest.fixture(scope="module")
def profile(classes):
    return made("Profile", classes)


# The class


def test_the_class_is_a_real_serializer_named_after_its_schema_and_made_once(classes, profile):
    assert issubclass(profile, serializers.Serializer)
    assert (profile.__name__, profile.__doc__) == ("Profile", "Somebody who uses the service.")
    assert profile.schema == classes.document.schemas["Profile"]
    assert made("Profile", classes) is profile
    assert made("Profile", classes, "response") is not profile


def test_fields_are_declared_for_each_property_in_order(profile):
    fields = profile().fields
    assert list(fields) == list(PROFILE["properties"])
    assert fields["name"].label == "Full name"
    assert fields["profile_id"].read_only
    assert fields["password"].write_only
    assert isinstance(fields["address"], SchemaSerializer)
    assert isinstance(fields["addresses"], SchemaListSerializer)


def test_a_nested_schema_without_a_name_is_called_after_its_place():
    inner = {"type": "object", "properties": {"a": {}}}
    fields = made("Outer", classes_of(Outer={"type": "object", "properties": {"inner": inner}}))().fields
    assert type(fields["inner"]).__name__ == "OuterInner"


# What comes in


def test_valid_data_becomes_python_values_by_property_name(profile):
    serializer = profile(
        data={
            "name": "Ann", "born": "2001-02-03", "seen": "2026-01-01T00:00:00Z", "price": "1.10", "age": None,
            "address": {"city": "Rome"}, "class": 1, "save": "x", "a-b": "y", "日本": "z", "more": [1],
        }
    )  # fmt: skip
    assert serializer.is_valid(), serializer.errors
    values = serializer.validated_data
    assert (values["born"], values["price"], values["age"]) == (dt.date(2001, 2, 3), Decimal("1.10"), None)
    assert values["seen"] == dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    assert values["address"].city == "Rome"
    assert values["size"] == "M"
    assert (values["class"], values["save"], values["a-b"], values["日本"]) == (1, "x", "y", "z")
    assert values["more"] == [1]
    assert "tags" not in values


def test_read_only_properties_of_a_client_are_ignored(profile):
    serializer = profile(data={"name": "Ann", "profile_id": "not even a uuid"})
    assert serializer.is_valid()
    assert "profile_id" not in serializer.validated_data


def test_all_errors_are_told_in_drfs_shape_and_with_pointers(profile):
    serializer = profile(
        data={
            "age": -1,
            "tags": ["a", 1],
            "address": {"zip": "x"},
            "addresses": [{"city": "a"}, {"city": 1}],
            "born": "yesterday",
            "a-b": 1,
        }
    )
    assert not serializer.is_valid()
    said = {violation.pointer: [violation.message] for violation in serializer.violations}
    assert serializer.errors == {
        "name": said["/name"],
        "age": said["/age"],
        "tags": {1: said["/tags/1"]},
        "address": {"city": said["/address/city"], "zip": said["/address/zip"]},
        "addresses": {1: {"city": said["/addresses/1/city"]}},
        "born": said["/born"],
        "a-b": said["/a-b"],
    }
    assert serializer.errors["age"][0].code == "min_value"
    assert {(violation.pointer, violation.keyword) for violation in serializer.violations} == {
        ("/name", "required"),
        ("/age", "minimum"),
        ("/tags/1", "type"),
        ("/address/city", "required"),
        ("/address/zip", "pattern"),
        ("/addresses/1/city", "type"),
        ("/born", "format"),
        ("/a-b", "type"),
    }


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_what_is_no_object_is_a_non_field_error(profile, data):
    serializer = profile(data=data)
    assert not serializer.is_valid()
    assert list(serializer.errors) == ["non_field_errors"]
    assert serializer.violations[0].pointer == ""


def test_the_exception_is_drfs_and_carries_the_violations(profile):
    with pytest.raises(ValidationError) as caught:
        profile(data={"age": -1}).is_valid(raise_exception=True)
    assert isinstance(caught.value, ValidationFailed)
    assert (caught.value.status_code, caught.value.status) == (400, 400)
    assert {violation.pointer for violation in caught.value.violations} == {"/name", "/age"}
    assert caught.value.detail["age"] == ["must be at least 0"]


@pytest.mark.usefixtures("patience")
def test_the_violations_of_a_list_are_bounded_together(classes):
    serializer = made("Address", classes)(data=[{"city": 1}] * (3 * MAX_VIOLATIONS), many=True)
    assert not serializer.is_valid()
    *listed, last = serializer.violations
    assert (len(listed), listed[-1].pointer, last) == (MAX_VIOLATIONS, f"/{MAX_VIOLATIONS - 1}/city", MORE)
    assert len(serializer.errors) == MAX_VIOLATIONS + 1


def test_many_is_drfs_list_serializer_with_pointers(classes):
    serializer = made("Address", classes)(data=[{"city": "a"}, {"city": 1}, 7], many=True)
    assert isinstance(serializer, SchemaListSerializer)
    assert not serializer.is_valid()
    assert serializer.errors == {
        1: {"city": ["must be a string, not an integer"]},
        2: {"non_field_errors": ["must be an object, not an integer"]},
    }
    assert [violation.pointer for violation in serializer.violations] == ["/1/city", "/2"]


def test_an_array_schema_is_a_list_serializer_of_its_own(classes):
    addresses = made("Addresses", classes)
    assert issubclass(addresses, serializers.ListSerializer)
    empty = addresses(data=[])
    assert not empty.is_valid()
    assert empty.errors == {"non_field_errors": ["must have at least 1 item"]}
    one = addresses(data=[{"city": "Rome", "door_code": "1"}])
    assert one.is_valid()
    assert one.validated_data[0]["city"] == "Rome"
    assert one.data == [{"city": "Rome"}]


def test_any_other_value_has_a_serializer_too(classes):
    names = made("Names", classes)
    serializer = names(data=["2026-01-01"])
    assert serializer.is_valid()
    assert serializer.validated_data == [dt.date(2026, 1, 1)]
    assert names([dt.date(2026, 1, 1)]).data == ["2026-01-01"]
    wrong = names(data=["x"])
    assert not wrong.is_valid()
    assert [violation.pointer for violation in wrong.violations] == ["/0"]


def test_generated_values_are_there_before_the_schema_asks_for_them():
    classes = classes_of(
        Note={
            "type": "object",
            "required": ["note_id", "made"],
            "properties": {
                "note_id": {"type": "string", "format": "uuid", "x-generated": "uuid4"},
                "made": {"type": "string", "format": "date-time", "x-generated": "now"},
            },
        }
    )
    serializer = made("Note", classes)(data={})
    assert serializer.is_valid(), serializer.errors
    assert isinstance(serializer.validated_data["note_id"], uuid.UUID)
    given = str(uuid.uuid4())
    again = made("Note", classes)(data={"note_id": given})
    assert again.is_valid()
    assert str(again.validated_data["note_id"]) == given


def test_files_of_a_multipart_body_pass_as_files():
    classes = classes_of(
        Upload={
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "more": {"type": "array", "items": {"type": "string", "format": "binary"}},
            },
        }
    )
    file, another = SimpleUploadedFile("a", b"a"), SimpleUploadedFile("b", b"b")
    serializer = made("Upload", classes)(data={"file": file, "more": [another]})
    assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data == {"file": file, "more": [another]}


# Subclasses, as DRF documents them


def test_a_subclass_may_add_fields_validators_and_methods(profile):
    class Stricter(profile):
        shout = serializers.SerializerMethodField()
        captcha = serializers.CharField(write_only=True, max_length=2)

        def get_shout(self, instance):
            return instance["name"].upper()

        def validate_name(self, value):
            if value == "Bob":
                raise serializers.ValidationError("No Bobs.", code="bob")
            return value.strip()

        def validate(self, attrs):
            if attrs.get("age") == 13:
                raise serializers.ValidationError("Unlucky.")
            return attrs

    good = Stricter(data={"name": " Ann ", "captcha": "ok"})
    assert good.is_valid(), good.errors
    assert good.validated_data["name"] == "Ann"
    assert Stricter({"name": "Ann"}).data == {"name": "Ann", "shout": "ANN"}
    bad = Stricter(data={"name": "Bob", "captcha": "long"})
    assert not bad.is_valid()
    assert set(bad.errors) == {"name", "captcha"}
    assert {(v.pointer, v.keyword) for v in bad.violations} == {("/name", "bob"), ("/captcha", "max_length")}
    unlucky = Stricter(data={"name": "Ann", "captcha": "ok", "age": 13})
    assert not unlucky.is_valid()
    assert unlucky.errors == {"non_field_errors": ["Unlucky."]}


def test_it_may_be_nested_in_any_serializer(profile):
    class Outer(serializers.Serializer):
        who = profile()
        others = profile(many=True, required=False)

    good = Outer(data={"who": {"name": "Ann", "born": "2001-02-03"}})
    assert good.is_valid(), good.errors
    assert good.validated_data["who"]["born"] == dt.date(2001, 2, 3)
    bad = Outer(data={"who": {"name": ""}, "others": [{}]})
    assert not bad.is_valid()
    assert bad.errors == {"who": {"name": ["must not be empty"]}, "others": {0: {"name": ["is required"]}}}


# What goes out


def test_values_dictionaries_and_objects_are_represented_alike(classes, profile):
    json = {"name": "Ann", "born": "2001-02-03", "address": {"city": "Rome"}}
    value = classes["Profile"].from_json({**json, "password": "s", "address": {"city": "Rome", "door_code": "7"}})
    assert profile(value).data == json
    assert profile({**json, "password": "secret"}).data == json
    assert profile({"name": "Ann", "born": dt.date(2001, 2, 3), "address": value.address}).data == json
    assert profile(SimpleNamespace(**{**json, "elsewhere": 1})).data == json
    assert profile([value, value], many=True).data == [json, json]


def test_unset_is_left_out_and_null_stays(classes, profile):
    assert profile(classes["Profile"](name="Ann", age=None)).data == {"name": "Ann", "age": None}


def test_an_object_of_a_richer_schema_shows_what_this_schema_knows(classes):
    summary = classes_of(Summary={"type": "object", "properties": {"name": {"type": "string"}}})
    value = classes["Profile"](name="Ann", age=3)
    assert made("Summary", summary)(value).data == {"name": "Ann"}


# RFC 7386, appendix A


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_the_rfcs_table_says(target, patch, expected):
    assert merge_patch(target, patch) == expected


# Forms and drf-spectacular


def form_html(serializer):
    return renderers.HTMLFormRenderer().render(serializer.data, None, {})


def test_the_browsable_apis_form_shows_every_kind_of_field(profile):
    html = form_html(profile())
    controls = dict(re.findall(r'<(input|select|textarea)[^>]*? name="([^"]+)"', html)[::-1])
    names = re.findall(r'<(?:input|select|textarea)[^>]*? name="([^"]+)"', html)
    assert set(controls) == {"input", "select", "textarea"}
    assert {"name", "born", "size", "address.city", "tags", "addresses", "friend", "either", "class", "a-b"} <= set(
        names
    )
    assert "profile_id" not in names
    assert re.search(r'name="born"[^>]*type="date"', html)
    assert re.search(r'name="seen"[^>]*type="datetime-local"', html)
    assert re.search(r'<textarea name="tags"', html)
    assert re.search(r'<select [^>]*name="size"', html)
    assert "not currently supported" not in html


def test_the_form_of_an_instance_shows_its_values(profile):
    html = form_html(
        profile({"name": "Ann", "tags": ["a"], "seen": "2026-01-01T10:00:00Z", "address": {"city": "Rome"}})
    )
    assert 'value="Ann"' in html
    assert 'value="Rome"' in html
    assert re.search(r'name="tags"[^>]*>\s*\[\s*&quot;a&quot;\s*\]', html)


def test_a_form_left_as_it_is_sends_nothing_for_what_is_optional(classes):
    inner = {"type": "object", "properties": {"either": {"type": ["string", "integer"]}}}
    node = {
        "type": "object",
        "properties": {
            "either": {"type": ["string", "integer"]}, "maybe": {"type": ["array", "null"], "items": {}},
            "words": {"type": "array", "items": {"type": "string"}, "minItems": 1}, "any": {"type": "object"},
            "nodes": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}, "minItems": 1},
            "node": {"$ref": "#/components/schemas/Node"}, "inner": inner,
        },
        "required": ["node"],
    }  # fmt: skip
    serializer = made("Node", classes_of(Node=node))

    def texts(html):
        return re.findall(r"<textarea[^>]*>\s*([^<]*?)\s*</textarea>", html)

    assert texts(form_html(serializer())) == [""] * 7
    # Only null, where it may stand, is null when an item is changed.
    assert texts(form_html(serializer({"maybe": None, "inner": {}}))) == ["", "null", *[""] * 5]


def test_what_a_form_sends_becomes_json(profile):
    form = QueryDict(
        "name=Ann&age=&born=2001-02-03&seen=2026-01-01T10:00&size=&price=&tags=[%22a%22]&address.city=Rome&address.zip="
        "&addresses=&friend=&happy=true&either=x&class=4&save=&a-b=y&password="
    )
    serializer = profile(data=form)
    assert serializer.is_valid(), serializer.errors
    assert serializer.data == {
        "name": "Ann", "age": None, "born": "2001-02-03", "seen": "2026-01-01T10:00:00-06:00", "size": "M",
        "tags": ["a"], "address": {"city": "Rome"}, "happy": True, "either": "x", "class": 4, "a-b": "y",
    }  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "America/Chicago", "Asia/Kolkata"])
def test_a_time_that_a_form_shows_comes_back_as_the_same_moment(profile, zone):
    with timezone.override(zone):
        html = form_html(profile({"name": "Ann", "seen": "2026-01-01T10:00:00+03:00"}))
        shown = re.search(r'name="seen"[^>]*value="([^"]+)"', html)[1]
        serializer = profile(data=QueryDict(f"name=Ann&seen={shown}"))
        assert serializer.is_valid(), serializer.errors
    assert serializer.validated_data["seen"] == dt.datetime(2026, 1, 1, 7, tzinfo=dt.timezone.utc)


def test_a_form_that_is_wrong_is_shown_again_with_its_errors_and_texts(profile):
    serializer = profile(data=QueryDict("name=&age=x&tags=[&address.zip=abc"))
    assert not serializer.is_valid()
    assert {"name", "age", "tags", "address"} <= set(serializer.errors)
    html = form_html(serializer)
    assert "must not be empty" in html
    assert 'value="abc"' in html


class _Views:
    queryset = []
    parser_classes = [parsers.JSONParser, parsers.FormParser, parsers.MultiPartParser]
    renderer_classes = [renderers.BrowsableAPIRenderer, renderers.JSONRenderer]
    authentication_classes = []
    permission_classes = []

    def get_object(self):
        return {"name": "Ann", "friend": {"name": "Bob"}}


@pytest.fixture
def detail(profile):
    return type("Detail", (_Views, generics.RetrieveUpdateAPIView), {"serializer_class": profile}).as_view()


def test_the_browsable_api_renders_a_page_with_forms(detail):
    response = detail(RequestFactory().get("/", HTTP_ACCEPT="text/html")).render()
    page = response.content.decode()
    assert response.status_code == 200
    assert 'name="address.city"' in page
    assert 'value="Ann"' in page


def test_the_browsable_api_renders_the_errors_of_a_form(detail):
    request = RequestFactory().put("/", "name=", "application/x-www-form-urlencoded", HTTP_ACCEPT="text/html")
    response = detail(request).render()
    assert response.status_code == 400
    assert "must not be empty" in response.content.decode()


def test_drf_spectacular_describes_the_serializers(profile, detail):
    from drf_spectacular.openapi import AutoSchema

    view = type("D", (_Views, generics.RetrieveUpdateAPIView), {"serializer_class": profile, "schema": AutoSchema()})
    described = SchemaGenerator(patterns=[path("profiles/<str:id>", view.as_view())]).get_schema(
        request=None, public=True
    )
    found = described["components"]["schemas"]
    assert found["Profile"]["description"] == "Somebody who uses the service."
    assert "name" in found["Profile"]["required"]
    properties = found["Profile"]["properties"]
    assert properties["born"] == {"type": "string", "format": "date"}
    assert properties["name"]["minLength"] == 1
    assert properties["tags"] == {"type": "array", "items": {"type": "string"}}
    assert properties["friend"] == {"$ref": "#/components/schemas/Profile"}
    assert properties["addresses"]["items"] == {"$ref": "#/components/schemas/Address"}
    assert set(found["Address"]["properties"]) == {"city", "zip", "door_code"}


# The ORM (x-model)

GROUP = {
    "type": "object",
    "x-model": "auth.Group",
    "required": ["title"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "title": {"type": "string", "x-field": "name", "maxLength": 150},
        "permissions": {"type": "array", "items": {"type": "integer"}},
        "nowhere": {"type": "string"},
    },
}
PERMISSION = {
    "type": "object",
    "x-model": "auth.Permission",
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string"},
        "codename": {"type": "string"},
        "content_type_id": {"type": "integer"},
        "content_type": {"type": "object", "properties": {"model": {"type": "string"}}, "readOnly": True},
        "app": {"type": "string", "x-field": "content_type__app_label", "readOnly": True},
    },
}
USER = {
    "type": "object",
    "x-model": "auth.User",
    "required": ["username"],
    "properties": {
        "username": {"type": "string"},
        "email": {"type": "string"},
        "is_staff": {"type": "boolean"},
        "last_login": {"type": ["string", "null"], "format": "date-time"},
        "date_joined": {"type": "string", "format": "date-time", "readOnly": True},
        "secret": {"type": "string", "x-field": "password", "writeOnly": True},
    },
}


@pytest.fixture(scope="module")
def orm():
    return classes_of(Group=GROUP, Permission=PERMISSION, User=USER)


def saved(serializer, **values):
    serializer.is_valid(raise_exception=True)
    return serializer.save(**values)


@pytest.mark.django_db
def test_a_model_of_the_orm_is_created_by_name_and_by_x_field(orm):
    serializer = made("Group", orm)(data={"title": "editors", "nowhere": "ignored"})
    group = saved(serializer)
    assert Group.objects.get(pk=group.pk).name == "editors"
    assert serializer.data == {"id": group.pk, "title": "editors", "permissions": []}


@pytest.mark.django_db
def test_many_to_many_is_an_array_of_keys(orm):
    keys = sorted(Permission.objects.values_list("pk", flat=True)[:2])
    serializer = made("Group", orm)(data={"title": "editors", "permissions": keys})
    group = saved(serializer)
    assert sorted(serializer.data["permissions"]) == keys
    cleared = saved(made("Group", orm)(group, data={"permissions": []}, partial=True))
    assert list(cleared.permissions.all()) == []


@pytest.mark.django_db
def test_a_foreign_key_is_its_id_or_a_nested_object_to_read(orm):
    permission = Permission.objects.select_related("content_type").first()
    shown = made("Permission", orm)(permission).data
    assert shown["content_type_id"] == permission.content_type_id
    assert shown["content_type"] == {"model": permission.content_type.model}
    assert shown["app"] == permission.content_type.app_label
    assert shown["id"] == str(permission.pk)
    data = {"name": "n", "codename": "c", "content_type_id": permission.content_type_id}
    assert saved(made("Permission", orm)(data=data)).content_type == permission.content_type


@pytest.mark.django_db
def test_a_taken_unique_value_is_409_and_the_transaction_goes_on(orm):
    Group.objects.create(name="editors")
    serializer = made("Group", orm)(data={"title": "editors"})
    assert serializer.is_valid()
    with pytest.raises(ItemExists) as caught:
        serializer.save()
    assert caught.value.status == 409
    assert Group.objects.count() == 1


@pytest.mark.django_db
def test_put_replaces_and_what_is_absent_goes_back_to_its_default(orm):
    user = User.objects.create(
        username="ann", email="a@b.c", is_staff=True, last_login="2026-01-01T00:00Z", password="p"
    )
    joined = user.date_joined
    saved(made("User", orm)(user, data={"username": "ann", "date_joined": "1999-01-01T00:00:00Z"}))
    user.refresh_from_db()
    assert (user.email, user.is_staff, user.last_login, user.password) == ("", False, None, "")
    assert user.date_joined == joined


@pytest.mark.django_db
def test_patch_merges_and_touches_only_what_it_names(orm):
    user = User.objects.create(username="ann", email="a@b.c", is_staff=True, password="p")
    serializer = made("User", orm)(user, data={"email": "x@y.z"}, partial=True)
    saved(serializer)
    user.refresh_from_db()
    assert (user.username, user.email, user.is_staff, user.password) == ("ann", "x@y.z", True, "p")
    assert "secret" not in serializer.data
    wrong = made("User", orm)(user, data={"username": None}, partial=True)
    assert not wrong.is_valid()
    assert wrong.errors == {"username": ["is required"]}


@pytest.mark.django_db
def test_values_given_to_save_reach_the_model(orm):
    assert saved(made("User", orm)(data={"username": "ann"}), first_name="Ann").first_name == "Ann"


@pytest.mark.django_db
def test_a_client_sets_no_field_that_the_schema_leaves_out(orm):
    stray = {"is_superuser": True, "password": "p", "pk": 7, "id": 7, "first_name": "Eve", "save": 1, "groups": [1]}
    user = saved(made("User", orm)(data={"username": "ann", **stray}))
    assert (user.is_superuser, user.password, user.first_name, user.pk == 7) == (False, "", "", False)
    User.objects.filter(pk=user.pk).update(password="p", first_name="Ann")
    user.refresh_from_db()
    saved(made("User", orm)(user, data={"username": "ann", "is_staff": True, **stray}))
    saved(made("User", orm)(user, data={"is_superuser": True, "password": None, "first_name": None}, partial=True))
    again = User.objects.get(pk=user.pk)
    assert (again.is_superuser, again.first_name, again.is_staff) == (False, "Ann", True)


@pytest.mark.django_db
def test_a_list_of_objects_sets_no_field_that_the_schema_leaves_out(orm):
    data = [{"username": "ann", "is_superuser": True}, {"username": "bob", "pk": 7}]
    users = saved(made("User", orm)(data=data, many=True))
    assert [(user.username, user.is_superuser, user.pk == 7) for user in users] == [
        ("ann", False, False),
        ("bob", False, False),
    ]


@pytest.mark.django_db
def test_what_a_subclass_adds_reaches_the_model_whatever_the_client_sends(orm):
    class Registration(made("User", orm)):
        last_name = serializers.CharField()
        is_active = serializers.BooleanField(read_only=True)

        def validate(self, attrs):
            return {**attrs, "first_name": "Ann"}

    data = {"username": "ann", "last_name": "Smith", "first_name": "Eve", "is_active": False}
    user = saved(Registration(data=data))
    assert (user.first_name, user.last_name, user.is_active) == ("Ann", "Smith", True)


def test_a_schema_without_a_model_says_what_to_do(profile):
    serializer = profile(data={"name": "Ann"})
    assert serializer.is_valid()
    with pytest.raises(NotImplementedError, match="neither x-persist nor x-model"):
        serializer.save()


# Rows (x-persist), on the embedded engine


@pytest.fixture(scope="module")
def stored():
    classes = classes_of(
        Note={
            "type": "object",
            "required": ["text"],
            "x-persist": {"hash_key": "note_id"},
            "properties": {
                "note_id": {"type": "string", "format": "uuid", "readOnly": True},
                "text": {"type": "string"},
                "stars": {"type": "integer", "default": 0},
                "tags": {"type": "array", "items": {"type": "string"}},
                "place": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": "string"}}},
                "changed": {"type": "string", "format": "date-time", "x-generated": "now-on-update", "readOnly": True},
                "save": {"type": "string"},
            },
        },
        NoteInput={"type": "object", "properties": {"text": {"type": "string"}, "tags": {"type": "array"}}},
    )
    schema = classes.document.schemas["Note"]
    options, _ = persistence_options(schema.extensions.persist)
    persistence = Persistence("serializertests", schema, options, classes)
    model = build_model(
        schema, api="serializertests", label="macaron_serializertests", classes=classes,
        manager=ItemManager(persistence), hash_key="note_id", module=__name__,
    )  # fmt: skip
    persistence.bind(model)
    classes.rows["Note"] = model
    return classes


@pytest.fixture
def notes(stored, dynamodb):
    create_table(stored.rows["Note"].objects.persistence.table)
    return stored


def test_a_row_is_created_with_a_key_and_read_back(notes):
    serializer = made("Note", notes)(data={"text": "Hello", "place": {"city": "Rome"}, "save": "s"})
    note = saved(serializer)
    again = type(note).objects.get(pk=note.pk)
    assert made("Note", notes)(again).data == serializer.data
    assert {**serializer.data, "note_id": None, "changed": None} == {
        "note_id": None, "text": "Hello", "stars": 0, "place": {"city": "Rome"}, "changed": None, "save": "s",
    }  # fmt: skip


def test_a_taken_key_is_409(notes):
    note = saved(made("Note", notes)(data={"text": "one"}))
    serializer = made("Note", notes)(data={"text": "two"})
    assert serializer.is_valid()
    with pytest.raises(ItemExists):
        serializer.save(note_id=note["note_id"])
    assert type(note).objects.get(pk=note.pk).text == "one"


def test_put_on_a_row_unsets_what_is_absent(notes):
    note = saved(made("Note", notes)(data={"text": "one", "stars": 3, "tags": ["a"], "save": "s"}))
    key, changed = note.pk, note.changed
    saved(made("Note", notes)(note, data={"text": "two", "note_id": "ignored"}))
    again = type(note).objects.get(pk=key)
    assert {name: again[name] for name in again if name not in ("note_id", "changed")} == {"text": "two", "stars": 0}
    assert again.changed > changed


def test_put_of_an_input_schema_leaves_what_it_does_not_know(notes):
    model = notes.rows["Note"]
    note = saved(made("Note", notes)(data={"text": "one", "stars": 3, "tags": ["a"]}))
    saved(made("NoteInput", notes, model=model)(note, data={"text": "two"}))
    again = model.objects.get(pk=note.pk)
    assert (again.text, again.stars, "tags" in again) == ("two", 3, False)


def test_patch_on_a_row_merges_deeply(notes):
    note = saved(made("Note", notes)(data={"text": "one", "stars": 3, "place": {"city": "Rome", "zip": "1"}}))
    serializer = made("Note", notes)(note, data={"place": {"zip": None}, "stars": None}, partial=True)
    saved(serializer)
    again = type(note).objects.get(pk=note.pk)
    assert again.to_json()["place"] == {"city": "Rome"}
    assert (again["stars"], again.text) == (0, "one")  # back at its default, as PUT of the merged document sets it
    wrong = made("Note", notes)(again, data={"text": None}, partial=True)
    assert not wrong.is_valid()
    assert [(v.pointer, v.keyword) for v in wrong.violations] == [("/text", "required")]


HOSTILE = (
    "pk", "save", "delete", "self", "cls", "objects", "persistence", "to_json", "changed_field", "item_key", "id",
    "__class__", "__dict__", "__init__", "_state", "_meta", "_spec", "_additional", "_additional_properties",
    "save_field", "note id", "日本",
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "save"])
def test_an_additional_property_is_kept_whatever_it_is_called(notes, name):
    note = saved(made("Note", notes)(data={"text": "one", "save": "s", name: "evil"}))
    key = note["note_id"]
    assert uuid.UUID(str(key))
    again = type(note).objects.get(pk=key)
    assert (again[name], again["save"], again.pk) == ("evil", "s", key)
    saved(made("Note", notes)(again, data={"text": "two", name: ["worse"]}))
    again = type(note).objects.get(pk=key)
    assert (again[name], again.text) == (["worse"], "two")
    saved(made("Note", notes)(again, data={name: {"a": 1}, "stars": 2}, partial=True))
    again = type(note).objects.get(pk=key)
    assert (again[name], again.text, again.stars) == ({"a": 1}, "two", 2)
    saved(made("Note", notes)(again, data={name: None}, partial=True))
    again = type(note).objects.get(pk=key)
    assert (name in again, again.text, again.stars) == (False, "two", 2)


def test_put_keeps_additional_properties_that_it_does_not_name(notes):
    note = saved(made("Note", notes)(data={"text": "one", "extra": 1, "other": {"a": [1]}}))
    saved(made("Note", notes)(note, data={"text": "two", "extra": 2}))
    again = type(note).objects.get(pk=note.pk)
    assert (again.text, again["extra"], again["other"]) == ("two", 2, {"a": [1]})


def test_an_input_schema_changes_no_property_that_it_leaves_out(notes):
    model = notes.rows["Note"]
    note = saved(made("NoteInput", notes, model=model)(data={"text": "one", "stars": 5, "note_id": "x", "extra": 1}))
    assert (note.stars, uuid.UUID(str(note["note_id"])).version, note["extra"]) == (0, 4, 1)
    saved(made("NoteInput", notes, model=model)(note, data={"text": "two", "stars": 5}))
    saved(made("NoteInput", notes, model=model)(note, data={"stars": None, "extra": None}, partial=True))
    again = model.objects.get(pk=note.pk)
    assert (again.text, again.stars, "extra" in again) == ("two", 0, False)


def test_names_that_clients_choose_do_not_pile_up(notes):
    note = saved(made("Note", notes)(data={"text": "one", "never seen before": 1}))
    note.to_json()
    assert "never seen before" not in note._spec._conversions


def test_a_serializer_that_a_view_makes_begins_as_drfs_do(profile):
    context = {"view": None}
    for options in ({}, {"data": {"name": "Ada"}}, {"data": {}, "partial": True}, {"instance": {"name": "Ada"}}):
        of_view, other = profile(**options, context=context), profile(**options, context=context, label=None)
        counted = {"_creation_counter", "_kwargs"}
        begins = {name: value for name, value in vars(of_view).items() if name not in counted}
        assert begins == {name: value for name, value in vars(other).items() if name not in counted}
    first, second = profile(context=context), profile(context=context)
    assert first.style is not second.style
    assert first.error_messages is not second.error_messages


def test_a_class_beside_a_schemas_serializer_begins_as_it_likes(profile):
    class Noting(serializers.Serializer):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.noted = True

    class Own(profile, Noting):
        default_error_messages = {"own": "Own."}

    assert Own(context={}).noted
    assert Own(context={}).error_messages["own"] == "Own."
    plain = type("Plain", (profile,), {"default_error_messages": {"own": "Own."}})
    assert plain(context={}).error_messages["own"] == "Own."
