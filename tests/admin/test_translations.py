"""Messages: every text of the admin's pages can be translated, and French is whole."""

from __future__ import annotations

import re
from ast import literal_eval
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.utils.translation import override
from django.utils.translation.template import templatize

from macaron_django.admin.display.violation_texts import local_text
from macaron_django.schemas.validation.violations import sentence

PACKAGE = Path(__file__).parents[2] / "macaron_django"
FRENCH = PACKAGE / "locale" / "fr" / "LC_MESSAGES" / "django.po"
#: The calls that mark a text in a module, as Babel wants them, and those that Django makes of a template's tags.
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2)}
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
        texts |= {literal_eval(f'"{one or other}"') for one, other in TAGS.findall(calls)}
    assert texts - known == set()


def test_the_compiled_messages_are_those_of_the_file(french):
    with FRENCH.with_suffix(".mo").open("rb") as file:
        compiled = {name_of(message): tuple(message.string) for message in read_mo(file) if message.id}
    assert compiled == {name_of(message): tuple(message.string) for message in french if message.id}


def test_pages_are_french_for_who_reads_french(shop, settings):
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
