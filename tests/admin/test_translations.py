"""Messages: every text of the admin's pages can be translated, and French is whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape
from django.utils.translation import override
from django.utils.translation.template import templatize

from macaron_django.admin.display.local_texts import local_error, local_text
from macaron_django.dynamodb.planning.conditions import And, Lookup, Not
from macaron_django.dynamodb.planning.planner import plan
from macaron_django.dynamodb.planning.query_plans import IndexKeySchema, OrderTerm, TableKeySchema
from macaron_django.exceptions import ItemExists, ScanForbidden, UnsupportedQuery
from macaron_django.schemas.validation.violations import sentence
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

PACKAGE = Path(__file__).parents[2] / "macaron_django"
FRENCH = PACKAGE / "locale" / "fr" / "LC_MESSAGES" / "django.po"
#: The calls that mark a text in a module, as Babel wants them, and those that Django makes of a template's tags.
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2)}
#: Modules below the admin whose errors its pages show, and what builds these errors.
LOWER = (
    *("cursors.py", "dynamodb/calls/call_failures.py", "dynamodb/codec/**/*.py", "dynamodb/planning/*.py"),
    *("dynamodb/engines/shared_processes.py", "dynamodb/items/[ipw]*.py", "dynamodb/querysets/field_lookups.py"),
    *("dynamodb/querysets/queryset.py", "dynamodb/tables/syncing.py", "dynamodb/tables/table_safeguards.py"),
    *("dynamodb/transfer/item_lines.py", "schemas/values/generated_values.py", "schemas/values/json_text.py"),
)
ERRORS = {
    *("ClaimMissingError", "EngineUnavailable", "InvalidCursor", "ItemAbsent", "ItemChanged", "ItemTooLarge"),
    *("JSONTextError", "LineError", "PersistenceError", "ScanForbidden", "StaleItem", "TableDifference"),
    *("TableMissing", "Throttled", "UnstorableValue", "UnsupportedQuery"),
}
#: What the admin doesn't do: transactions, If-Match, F(), segments, and filters that its search box can't write.
ELSEWHERE = re.compile(
    "transaction|If-Match|segments|database|not an expression|use lookups such as|^The {self.name} {reasons}"
)
TAGS = re.compile(r"gettext\((?:u?'((?:[^'\\]|\\.)*)'|u?\"((?:[^\"\\]|\\.)*)\")")


@pytest.fixture(scope="module")
def french():
    with FRENCH.open("rb") as file:
        return read_po(file, locale="fr")


def name_of(message) -> str:
    """What gettext calls a message: its text, or its singular."""
    return message.id[0] if message.pluralizable else message.id


def test_french_translates_every_message_with_its_placeholders(french):
    for message in french:
        if message.id:
            pairs = (
                zip(message.id, message.string, strict=True) if message.pluralizable else [(message.id, message.string)]
            )
            assert not message.fuzzy, message.id
            for wanted, translated in pairs:
                assert translated, message.id
                used = set(re.findall(r"%\(\w+\)[sd]|%[sdr]", translated))
                allowed = set(re.findall(r"%\(\w+\)[sd]|%[sdr]", wanted))
                if not message.pluralizable:
                    assert used == allowed, message.id


def test_every_text_of_the_admin_is_in_the_message_file(french):
    known = {name_of(message) for message in french if message.id}
    texts = set()
    for module in (PACKAGE / "admin").rglob("*.py"):
        with module.open("rb") as file:
            found = [message for _line, message, _comments, _context in extract("python", file, KEYWORDS)]
        texts |= {message if isinstance(message, str) else message[0] for message in found}
    for template in (PACKAGE / "templates" / "admin").rglob("*.html"):
        calls = templatize(template.read_text("utf-8"))
        texts |= {ast.literal_eval(f'"{one or other}"') for one, other in TAGS.findall(calls)}
    assert texts - known == set()


def test_the_compiled_messages_are_those_of_the_file(french):
    with FRENCH.with_suffix(".mo").open("rb") as file:
        compiled = {name_of(message): tuple(message.string) for message in read_mo(file) if message.id}
    assert compiled == {name_of(message): tuple(message.string) for message in french if message.id}


def test_pages_are_french_for_a_user_who_reads_french(shop, settings):
    shop.model.objects.create(id="a", name="Thé", note=None)
    settings.LANGUAGE_CODE = "fr"
    client = shop.client("view")

    listed = client.get(shop.root, {"q": "name=Thé"}).content.decode()
    item = client.get(f"{shop.root}a/change/").content.decode()

    assert "Scan, au plus 1" in listed
    assert "élément sur cette page" in listed
    assert "clé de hachage" in item
    assert "Non définies" in item


def test_what_breaks_the_schema_is_told_in_french(orders, broken, settings):
    settings.LANGUAGE_CODE = "fr"
    client = orders.client("view", "change")

    viewed = client.get(orders.url(broken, "view")).content.decode()
    form = client.get(orders.url(broken)).content.decode()
    checked = client.post(f"{orders.url(broken, 'validate')}", "{}", content_type="text/plain").json()

    for text in (viewed, form):
        assert "une de ces valeurs : &quot;new&quot;" in text
        assert "doit être un booléen, pas un texte" in text
        assert "doit être au plus 1000" in text
        assert "must be" not in text
    assert {"message": "est obligatoire", "pointer": "/status"} in checked["errors"]


@pytest.mark.parametrize(
    ("keyword", "value", "instance"),
    [
        *(("maximum", 5, 6), ("minimum", 5, 4), ("exclusiveMaximum", 5, 6), ("exclusiveMinimum", 5, 4)),
        *(("minLength", 1, ""), ("minLength", 3, ""), ("maxLength", 1, "ab"), ("pattern", "^a", "b")),
        *(("type", ["string", "null"], []), ("enum", ["a", "b"], "c"), ("required", ["a"], {}), ("oneOf", [{}], 1)),
        *(("minItems", 1, []), ("maxItems", 1, [1, 2]), ("uniqueItems", True, [1, 1]), ("multipleOf", 2, 3)),
    ],
)
def test_the_sentences_of_validation_are_known_to_the_translation(keyword, value, instance):
    english = sentence(keyword, value, instance)

    with override("fr"):
        assert local_text(english) != english


def raised() -> Iterator[str]:
    """The texts of errors and differences of lower layers, with ``{…}`` for what varies."""
    for pattern in LOWER:
        for module in PACKAGE.glob(pattern):
            for node in ast.walk(ast.parse(module.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ERRORS:
                    continue
                for argument in node.args:
                    text = "".join(
                        str(part.value) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"
                        for part in getattr(argument, "values", [argument])
                        if isinstance(part, ast.Constant | ast.FormattedValue)
                    )
                    if " " in text and not ELSEWHERE.search(text):
                        yield text


def test_what_lower_layers_say_is_known_to_the_translation():
    texts = {re.sub('{[^"}][^}]*}', "7", re.sub("^{pointer[^}]*}", "/7", text)) for text in raised()}
    with override("fr"):
        unknown = {text for text in texts if local_text(text) == text}

    assert len(texts) > 60
    assert unknown == set()


ORDERS = TableKeySchema(
    "orders",
    "customer",
    "number",
    indexes=(IndexKeySchema("by_state", "state", "placed"), IndexKeySchema("by_shop", "shop", projection=("note",))),
    listed={"state": 3, "shop": 9},
)


def lookup(name: str, operator: str = "exact", *values: str) -> Lookup:
    return Lookup((name,), operator, tuple({"S": value} for value in values or ("a",)))


def test_a_plan_is_explained_in_french():
    plans = [
        plan(ORDERS, And((lookup("customer"), lookup("number")))),
        plan(ORDERS, And((lookup("customer"), lookup("number", "in", "1", "2")))),
        plan(
            ORDERS, And((lookup("state"), lookup("placed", "gte"), lookup("note"))), order=[OrderTerm("placed", True)]
        ),
        plan(ORDERS, And((lookup("customer"), lookup("state"), lookup("placed", "gte")))),
        plan(ORDERS, And((lookup("shop"), Not(lookup("note"))))),
        plan(ORDERS, And(())),
    ]
    with override("fr"):
        explained = "\n".join(local_text(each.explain()) for each in plans)

    assert "GetItem dans orders" in explained
    assert "BatchGetItem de 2 clés dans orders" in explained
    assert "Query sur l\u2019index by_state de orders" in explained
    assert "pourquoi : " in explained
    assert "ordre : placed, décroissant" in explained
    for english in (" from ", " the ", "why:", "key:", "order:", "filter,", "values", " doesn't ", " of "):
        assert english not in explained, explained


def test_what_dynamodb_cannot_do_is_said_in_french():
    said = []
    for condition, order in [
        (lookup("note"), []),
        (Not(lookup("note")), []),
        (And((lookup("note"), lookup("placed", "gte"))), []),
        (lookup("customer"), [OrderTerm("note", False)]),
        (And(()), [OrderTerm("placed", False)]),
    ]:
        with pytest.raises((ScanForbidden, UnsupportedQuery)) as refused:
            plan(ORDERS, condition, order=order)
        with override("fr"):
            said.append(local_error(refused.value))

    assert "lirait toute la table orders" in said[0]
    assert "DynamoDB ne peut pas trier un Scan dans orders" in said[-1]
    for text in said:
        assert not re.search(r"\b(the|would|can't|index would|sort in|none of|give an|filter by)\b", text), text


def test_parts_of_a_sentence_and_several_violations_are_translated():
    with pytest.raises(JSONTextError) as unreadable:
        exact_json('{"a": 1 "b": 2}')
    with override("fr"):
        assert local_error(unreadable.value) == "',' est attendu (ligne 1, colonne 9)"
        assert local_error(ItemExists.of("Author", "id '7'")) == "Il y a déjà un Author avec id '7'."
        assert local_text("must be null or a string, not an array") == "doit être null ou un texte, pas un tableau"
        assert local_text("a sentence of a project") == "a sentence of a project"
    assert local_error(unreadable.value) == str(unreadable.value)


def test_a_list_explains_its_call_and_its_refusal_in_french(orders, settings):
    settings.LANGUAGE_CODE = "fr"
    client = orders.client("view")

    listed = client.get(orders.root).content.decode()
    unreadable = client.get(orders.root, {"q": "quantity=many"}).content.decode()

    assert "Scan de " in listed
    assert "Scan of" not in listed
    assert "Expected" not in unreadable


def test_a_walk_through_the_admin_shows_no_english_sentence(orders, broken, french, settings):
    settings.LANGUAGE_CODE = "fr"
    client = orders.client("view", "add", "change", "delete")
    english = {
        escape(part)
        for message in french
        if message.id and message.string != message.id
        for part in re.split(r"%\(\w+\)[sd]|%[sdr]", name_of(message))
        if len(part.split()) > 2
    }
    addresses = [
        *(orders.root, f"{orders.root}?q=status%3Dpaid", f"{orders.root}?q=quantity%3Dmany", f"{orders.root}?q=(("),
        *(f"{orders.root}add/", f"{orders.root}import/", f"{orders.root}export/", f"{orders.root}tables/"),
        *(orders.url(broken), orders.url(broken, "view"), orders.url(broken, "history"), orders.url(broken, "delete")),
    ]
    chosen = {"action": "delete_selected", "_selected_action": [broken.pk]}
    lines = SimpleUploadedFile("orders.jsonl", b'{"tenant_id": "acme", "order_id": "new"}\n{"tenant_id": 1}\n{\n')
    pages = {address: client.get(address) for address in addresses}
    pages["delete"] = client.post(orders.root, chosen)
    pages["import"] = client.post(f"{orders.root}import/", {"file": lines})

    assert {name: page.status_code for name, page in pages.items() if page.status_code != 200} == {}
    assert len(english) > 200
    for name, page in pages.items():
        shown = page.content.decode()
        assert [sentence for sentence in english if sentence in shown] == [], name
