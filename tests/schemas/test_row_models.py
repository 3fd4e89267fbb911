import asyncio
import copy
import datetime as dt
import itertools
import pickle
from decimal import Decimal
from uuid import UUID

import pytest
from django import forms
from django.apps import apps
from django.contrib.admin.utils import display_for_field
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.migrations.state import ModelState
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.forms.models import model_to_dict, modelform_factory
from hypothesis import given
from hypothesis import strategies as st

from macaron_django import openapi as spec
from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas import UNSET, APIObject, Classes, build_model
from macaron_django.schemas.models import row_models
from macaron_django.schemas.models.item_keys import keys_from_pk, pk_for
from macaron_django.schemas.models.row_models import model_names

PROFILE = {
    "type": "object",
    "title": "person",
    "description": "Somebody.",
    "required": ["profile_id", "name", "born"],
    "properties": {
        "profile_id": {"type": "string", "format": "uuid", "readOnly": True},
        "name": {"type": "string", "minLength": 1, "maxLength": 50, "description": "As in the passport."},
        "biography": {"type": "string", "maxLength": 100_000},
        "age": {"type": ["integer", "null"], "minimum": 0, "format": "int32"},
        "height": {"type": "number"},
        "price": {"type": "string", "format": "decimal"},
        "role": {"type": "string", "enum": ["reader", "writer"], "default": "reader"},
        "active": {"type": "boolean"},
        "born": {"type": "string", "format": "date"},
        "wakes": {"type": "string", "format": "time"},
        "naps": {"type": "string", "format": "duration"},
        "photo": {"type": "string", "format": "byte"},
        "tags": {"type": "array", "items": {"type": "string"}, "default": ["new"]},
        "address": {"type": "object", "properties": {"zip": {"type": "string", "pattern": "^[0-9]+$"}}},
        "created": {"type": "string", "format": "date-time", "x-generated": "now"},
        "changed": {"type": "string", "format": "date-time", "x-generated": "now-on-update"},
        "id": {"type": "integer"},
        "class": {"type": "string", "title": "Class"},
        "save": {"type": "string"},
        "a-b": {},
    },
}
ID = "2eb8aa08-aa98-11ea-b4aa-73b441d16380"
_labels = (f"macaron_models_{number}" for number in itertools.count())


class Persistence:
    """Remembers what it was asked to do, and keeps items as JSON."""

    def __init__(self):
        self.items, self.calls = {}, []

    def save_row(self, row, *, force_insert, force_update, update_fields, json=None):
        self.calls.append(("save", force_insert, force_update, update_fields))
        created = row.pk not in self.items
        self.items[row.pk] = row.to_json()
        row._state.item = dict(self.items[row.pk])
        return created

    def on_commit(self, function):
        function()

    def delete_row(self, row):
        self.calls.append(("delete",))
        del self.items[row.pk]

    def refresh_row(self, row, fields=None):
        for name, value in self.items[row.pk].items():
            if fields is None or row._spec.field_names[name] in fields:
                row[name] = value


class Manager(models.Manager):
    def __init__(self):
        super().__init__()
        self.persistence = Persistence()


def build(schema=PROFILE, *, hash_key="profile_id", range_key=None, label=None, name="Profile", **others):
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {name: schema}},
        }
    )
    return build_model(
        document.schemas[name],
        api="people",
        label=label or next(_labels),
        classes=Classes("people", document),
        manager=Manager(),
        hash_key=hash_key,
        range_key=range_key,
        module="tests.schemas.test_models",
        **others,
    )


@pytest.fixture(scope="module")
def model():
    return build()


@pytest.fixture(scope="module")
def two_keys():
    return build(hash_key="name", range_key="born")


@pytest.fixture
def ada(model):
    model.objects.persistence.__init__()
    return model(name="Ada", born="1815-12-10")


# The class


def test_a_row_class_is_an_unmanaged_django_model_that_passes_its_checks(model, two_keys):
    for each in (model, two_keys):
        assert issubclass(each, models.Model)
        assert issubclass(each, APIObject)
        assert not each._meta.managed
        assert each.check(databases=["default"]) == []
        assert each._meta.base_manager_name == "objects"
        assert each._default_manager is each.objects
    assert model._meta.verbose_name == "person"
    assert model.__doc__ == "Somebody."
    assert model._meta.pk.name == "profile_id"
    assert two_keys._meta.pk.name == "item_key"
    ModelState.from_model(model)


def test_fields_describe_their_properties(model):
    kinds = {field.column: field.get_internal_type() for field in model._meta.concrete_fields}
    assert kinds == {
        "profile_id": "UUIDField",
        "name": "CharField",
        "biography": "TextField",
        "age": "IntegerField",
        "height": "DecimalField",
        "price": "DecimalField",
        "role": "CharField",
        "active": "BooleanField",
        "born": "DateField",
        "wakes": "TimeField",
        "naps": "DurationField",
        "photo": "BinaryField",
        "tags": "JSONField",
        "address": "JSONField",
        "created": "DateTimeField",
        "changed": "DateTimeField",
        "id": "IntegerField",
        "class": "CharField",
        "save": "CharField",
        "a-b": "JSONField",
    }
    field = model._meta.get_field
    assert list(kinds) == list(PROFILE["properties"])
    assert (field("name").null, field("name").blank, field("name").max_length) == (False, False, 50)
    assert (field("age").null, field("age").blank) == (True, True)
    assert field("name").help_text == "As in the passport."
    assert field("role").choices == [("reader", "reader"), ("writer", "writer")]
    assert field("class_field").verbose_name == "Class"
    assert field("save_field").column == "save"
    assert callable(model.save)
    assert callable(model(role="writer").get_role_display)


def test_a_key_that_is_no_property_is_told(model):
    with pytest.raises(KeyError, match="'nothing'"):
        build(hash_key="nothing")


def test_a_property_called_like_the_synthetic_key_keeps_its_name():
    schema = {"type": "object", "properties": {"item_key": {"type": "string"}, "day": {"type": "string"}}}
    made = build(schema, hash_key="item_key", range_key="day")
    assert made._meta.pk.name == "item_key_2"
    assert made(item_key="a", day="b").pk == pk_for("a", "b")
    assert made.check() == []


def test_bases_and_parents_give_their_methods():
    class Base:
        def hello(self):
            return f"Hello {self.name}"

    made = build({**PROFILE, "x-parent": "tests.schemas.parents.Greeter"}, bases=(Base,))
    assert made(name="Ada").hello() == made(name="Ada").greet() == "Hello Ada"


def test_model_names_differ_in_more_than_case_and_are_what_django_takes():
    names = ("Pet", "pet", "my__pet", "_x_", "a-b.c", "日本")
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {name: {"type": "object"} for name in names}},
        }
    )
    found = model_names(document)
    assert (found["Pet"], found["pet"], found["my__pet"]) == ("Pet", "pet2", "my_pet")
    assert len({name.lower() for name in found.values()}) == len(names)
    assert all(name.isidentifier() and not name.startswith("_") for name in found.values())


@pytest.mark.parametrize(
    ("name", "title", "plural"),
    [
        ("Entity", None, "entities"),
        ("MailBox", None, "mail boxes"),
        ("Order", None, "orders"),
        ("X", "Person", "People"),
        ("News", None, "news"),
    ],
)
def test_the_admin_speaks_of_many_rows_in_the_plural(name, title, plural):
    schema = {"type": "object", "properties": {"id": {"type": "string"}}, **({"title": title} if title else {})}
    assert build(schema, name=name, hash_key="id")._meta.verbose_name_plural == plural


def test_the_names_of_an_apis_models_are_worked_out_once(monkeypatch):
    counted = []
    monkeypatch.setattr(row_models, "class_name", lambda schema, name: counted.append(name) or name)
    names = [f"Kept{number}" for number in range(20)]
    one = {"type": "object", "properties": {"key": {"type": "string"}}}
    document = spec.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": dict.fromkeys(names, one)},
        }
    )
    classes, label = Classes("people", document), next(_labels)
    for name in names:
        made = build_model(
            document.schemas[name],
            api="people",
            label=label,
            classes=classes,
            manager=Manager(),
            hash_key="key",
            module="tests.schemas.test_models",
        )
        assert made.__name__ == name
    assert counted == names


# Instances


def test_values_are_converted_unset_ones_read_as_none_and_defaults_fill_in(ada):
    assert ada.born == dt.date(1815, 12, 10)
    assert ada.role == "reader"
    assert ada.tags == ["new"]
    assert ada.age is None
    assert "age" not in ada
    assert ada.__dict__["age"] is UNSET
    assert ada.get_deferred_fields() == set()
    ada.tags.append("x")
    assert type(ada)().tags == ["new"]


def test_rows_take_property_names_and_additional_properties(model):
    row = model(**{"class": "k", "a-b": {"x": 1}, "shoe": 39})
    assert row.class_field == row["class"] == "k"
    assert row.a_b == {"x": 1}
    assert row["shoe"] == 39
    assert model(save_field="s")["save"] == "s"
    closed = build({**PROFILE, "additionalProperties": False})
    with pytest.raises(TypeError, match="shoe"):
        closed(shoe=39)


def test_a_row_from_json_has_no_defaults_and_gives_the_json_back(model):
    json = {"profile_id": ID, "name": "Ada", "height": 1.6, "price": "1.50", "address": {"zip": "1"}, "shoe": 39}
    row = model.from_json(json)
    assert row.to_json() == json
    assert row.profile_id == UUID(ID)
    assert row.price == Decimal("1.50")
    assert row.address.zip == "1"
    assert row._state.adding


def test_rows_are_equal_by_key_hashable_and_described_by_it(model, two_keys):
    one, same, other = model(profile_id=ID, name="a"), model(profile_id=UUID(ID), name="b"), model(name="c")
    assert one == same != other
    assert hash(one) == hash(same)
    assert str(one) == ID
    assert str(two_keys(name="Ada", born="1815-12-10")) == "Ada / 1815-12-10"
    assert str(other) == "Profile object (None)"
    assert other


def test_rows_are_copied_cloned_and_pickled(model, monkeypatch):
    row = model(profile_id=ID, name="Ada", address={"zip": "1"}, shoe=39)
    row._state.item = {"name": {"S": "Ada"}}
    monkeypatch.setattr(apps, "get_model", lambda label, name: model)
    for same in (copy.copy(row), copy.deepcopy(row), row.clone(), pickle_again(row, model, monkeypatch)):
        assert same == row
        assert same.to_json() == row.to_json()
        assert same._state.item == row._state.item
        assert same._state is not row._state
    assert copy.deepcopy(row).address is not row.address


def pickle_again(row, model, monkeypatch):
    # What `macaron_django.apipool.people` is once the registry has made it.
    class Pool:
        people = row._spec.classes

    import macaron_django

    monkeypatch.setitem(vars(macaron_django), "apipool", Pool)
    return pickle.loads(pickle.dumps(row))  # noqa: S301


# Two keys in one


def test_the_synthetic_key_is_made_of_both_and_sets_both(two_keys):
    row = two_keys(name="Ada", born="1815-12-10")
    assert keys_from_pk(row.pk) == ("Ada", "1815-12-10")
    assert row.pk == row.item_key == pk_for("Ada", dt.date(1815, 12, 10))
    assert two_keys(pk=row.pk).to_json() == {"name": "Ada", "born": "1815-12-10", "role": "reader", "tags": ["new"]}
    assert two_keys(pk=row.pk) == row
    assert two_keys(name="Ada").pk is None
    row.pk = None
    assert "name" not in row


def test_the_synthetic_key_is_base64url_of_the_compact_json_array():
    assert pk_for("a", 1) == "WyJhIiwxXQ"
    assert keys_from_pk("WyJhIiwxXQ") == ("a", 1)
    assert pk_for("é", b"\x00") == pk_for("é", "AA==")


def test_the_same_item_has_one_synthetic_key():
    assert pk_for("a", 1) == pk_for("a", 1.0) == pk_for("a", Decimal("1.00"))
    assert pk_for("a", Decimal(100)) == pk_for("a", Decimal("1E+2"))
    utc = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    assert keys_from_pk(pk_for("a", utc)) == ("a", "2026-01-01T00:00:00.000000Z")
    assert pk_for("a", utc) == pk_for("a", utc.astimezone(dt.timezone(dt.timedelta(hours=2))))


@pytest.mark.parametrize("pk", ["", "x", "WyJhIl0", "WyJhIixbXV0", "é", "WyJhIiwxXQ!", "eyJhIjoxfQ", None])
def test_what_is_no_synthetic_key_is_a_value_error(pk):
    with pytest.raises(ValueError, match="primary key"):
        keys_from_pk(pk)


KEYS = st.text() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=5)


@given(KEYS, KEYS)
def test_keys_come_back_equal_and_different_ones_make_different_primary_keys(hash_key, range_key):
    pk = pk_for(hash_key, range_key)
    back = keys_from_pk(pk)
    assert [digits(key) for key in back] == [digits(hash_key), digits(range_key)]
    assert pk_for(*back) == pk
    assert not set(pk) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def digits(key):
    return Decimal(repr(key)) if isinstance(key, float) else key


# Saving


def test_save_generates_validates_writes_and_sends_djangos_signals(ada):
    seen = []

    def listener(signal, **given):
        seen.append((signal, given.get("created"), given["instance"] is ada))

    for signal in (pre_save, post_save, pre_delete, post_delete):
        signal.connect(listener, sender=type(ada))
    try:
        ada.save()
        ada.save()
        assert ada.delete() == (1, {ada._meta.label: 1})
    finally:
        for signal in (pre_save, post_save, pre_delete, post_delete):
            signal.disconnect(listener, sender=type(ada))
    assert seen == [
        (pre_save, None, True),
        (post_save, True, True),
        (pre_save, None, True),
        (post_save, False, True),
        (pre_delete, None, True),
        (post_delete, None, True),
    ]
    assert type(ada).objects.persistence.calls == [
        ("save", False, False, None),
        ("save", False, False, None),
        ("delete",),
    ]
    assert isinstance(ada.profile_id, UUID)
    assert ada.created.tzinfo is not None


def test_now_on_update_changes_with_each_save_and_now_does_not(ada):
    ada.save()
    created, changed = ada.created, ada.changed
    ada.save(update_fields=["name"])
    assert ada.created == created
    assert ada.changed > changed
    assert type(ada).objects.persistence.calls[-1] == ("save", False, False, frozenset({"name", "changed"}))
    assert not ada._state.adding


def test_an_invalid_row_is_not_written(ada):
    ada.name = ""
    ada.age = "old"
    with pytest.raises(ValidationFailed) as raised:
        ada.save()
    assert {each.pointer for each in raised.value.violations} == {"/name", "/age"}
    assert type(ada).objects.persistence.calls == []
    assert ada._state.adding


@pytest.mark.parametrize("name", ["nope", "profile_id", "pk"])
def test_fields_that_cannot_be_updated_are_refused_in_djangos_words(ada, name):
    with pytest.raises(ValueError, match=f"do not exist in this model, .* primary keys, .* fields: {name}$"):
        ada.save(update_fields=["name", name])
    with pytest.raises(ValueError, match="do not exist in this model") as django_says:
        Group(name="x").save(update_fields=[name if name == "nope" else "id"])
    told = str(django_says.value).partition(": ")[0]
    with pytest.raises(ValueError, match=told):
        ada.save(update_fields={name})
    assert type(ada).objects.persistence.calls == []


def test_save_keeps_djangos_manners(ada):
    with pytest.raises(ValueError, match="force"):
        ada.save(force_insert=True, force_update=True)
    ada.save(update_fields=[])
    assert type(ada).objects.persistence.calls == []
    ada.save(force_insert=True)
    ada.save(force_update=True)
    assert [call[1:3] for call in type(ada).objects.persistence.calls] == [(True, False), (False, True)]
    with pytest.raises(ValueError, match="key is not set"):
        type(ada)(name="x").delete()


def test_the_async_methods_do_what_the_others_do(ada):
    async def all_of_them():
        await ada.asave()
        ada.name = "Bob"
        await ada.arefresh_from_db()
        assert ada.name == "Ada"
        await ada.adelete()

    asyncio.run(all_of_them())
    assert type(ada).objects.persistence.items == {}


def test_refresh_reads_all_or_some_fields_again(ada):
    ada.save()
    ada.name, ada.age = "Bob", 5
    type(ada).objects.persistence.items[ada.pk]["age"] = 7
    ada.refresh_from_db(fields=["age"])
    assert (ada.name, ada.age) == ("Bob", 7)
    ada.refresh_from_db()
    assert ada.name == "Ada"


def test_full_clean_speaks_of_fields(ada):
    ada.name, ada.address, ada.class_field = "", {"zip": "x"}, 5
    with pytest.raises(ValidationError) as raised:
        ada.full_clean(validate_unique=False)
    assert raised.value.message_dict == {
        "name": ["must not be empty"],
        "address": ["/zip: does not match the pattern ^[0-9]+$"],
        "class_field": ["must be a string, not an integer"],
    }
    ada.full_clean(exclude=["name", "address", "class_field"], validate_unique=False)
    assert "profile_id" not in ada


# Forms and the admin


def test_a_model_form_shows_and_saves_a_row(ada):
    form_class = modelform_factory(type(ada), fields="__all__")
    ada.save()
    ada.address = {"zip": "1"}
    assert model_to_dict(ada)["age"] is None
    page = str(form_class(instance=ada))
    assert "&quot;zip&quot;: &quot;1&quot;" in page
    sent = {"profile_id": str(ada.pk), "name": "Bob", "born": "1815-12-10", "height": "1.60", "address": '{"zip": "2"}'}
    sent |= {"tags": '["a"]', "active": "unknown", "age": "", "role": "writer", "class_field": "", "a_b": "null"}
    form = form_class(sent, instance=ada)
    assert form.is_valid(), form.errors
    row = form.save()
    assert (row.name, row.height, row.address.zip, row.tags, row.role) == ("Bob", 1.6, "2", ["a"], "writer")
    assert "age" not in row
    assert "class" not in row
    assert "active" not in row


def test_a_model_form_shows_the_schemas_objections_by_field(ada):
    form = modelform_factory(type(ada), fields=["name", "address", "age", "born"])(
        {"name": "Ada", "address": '{"zip": "x"}', "age": "-1", "born": "1815-12-10"}, instance=ada
    )
    assert not form.is_valid()
    assert set(form.errors) == {"address", "age"}


def test_a_null_that_is_allowed_survives_a_form_that_shows_nothing(ada):
    ada.age = None
    form = modelform_factory(type(ada), fields=["age"])({"age": ""}, instance=ada)
    assert form.is_valid(), form.errors
    assert "age" in form.save(commit=False)


def test_the_admin_can_display_every_field(ada):
    ada.save()
    ada.address, ada.a_b, ada.photo = {"zip": "1"}, [{"x": ada.address}], b"x"
    for field in ada._meta.concrete_fields:
        display_for_field(getattr(ada, field.name), field, "-")
    assert "zip" in str(display_for_field(ada.address, ada._meta.get_field("address"), "-"))


def test_a_form_without_time_zones_gives_aware_times(ada, settings):
    settings.USE_TZ = False
    form = modelform_factory(type(ada), fields=["created"])({"created": "2026-01-01 12:00"}, instance=ada)
    assert form.is_valid(), form.errors
    assert form.save(commit=False).created.tzinfo is not None
    assert isinstance(form.fields["created"], forms.DateTimeField)
