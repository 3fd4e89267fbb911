"""Draws the diagrams in docs/images from the code: `.venv/bin/python docs/diagrams.py`.

The ways of a request, of a schema and of a query are laid out here; what stands in the boxes is read from the package:
the checks of a plan, the actions, the codecs of the example's properties, and what the planner decides for example
queries. A path that is shown has to exist. ``tests/test_diagrams.py`` compares the pictures with what this draws.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
IMAGES = Path(__file__).parent / "images"
PACKAGE = ROOT / "macaron_django"
EXAMPLE = ROOT / "example_project" / "apis" / "myserver.yaml"
WIDTH = 540  # so that the text can be read on a phone, where 360 pixels show it
LINE = 21  # pixels between lines of text
GAP = 26  # pixels between boxes, where the arrows are

#: The colours of a page in light and in dark. The picture has a background of its own, because a page may be switched
#: to the other scheme by hand, which a picture doesn't learn.
STYLE = """
.page { fill: #ffffff; }
.box { fill: #f6f3f5; stroke: #b5427a; }
.other { fill: #f3f5f9; stroke: #6b7a99; }
.arrow { stroke: #4a5568; fill: none; marker-end: url(#head); }
.head { fill: #4a5568; }
text { fill: #1a202c; font: 15px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
.title { font-weight: 600; }
.code { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; }
.soft { fill: #4a5568; }
@media (prefers-color-scheme: dark) {
  .page { fill: #131416; }
  .box { fill: #2a1d25; stroke: #e08ab4; }
  .other { fill: #1c2330; stroke: #93a4c4; }
  .arrow { stroke: #cbd5e0; }
  .head { fill: #cbd5e0; }
  text { fill: #edf2f7; }
  .soft { fill: #cbd5e0; }
}
""".strip()

Text = tuple[str, str]  # a class of STYLE, and the text


def module(path: str) -> Text:
    """A path below the package; it has to exist."""
    if not (PACKAGE / path).exists():
        raise SystemExit(f"docs/diagrams.py shows macaron_django/{path}, which isn't there.")
    return "code soft", path


class Picture:
    """An SVG that grows downwards."""

    def __init__(self, title: str, description: str) -> None:
        self.title, self.description = title, description
        self.parts: list[str] = []
        self.top = 16

    def text(self, x: int, y: int, content: Text) -> None:
        kind, words = content
        self.parts.append(f'<text class="{kind}" x="{x}" y="{y}">{escape(words)}</text>')

    def box(self, lines: Sequence[Text], x: int = 16, width: int = WIDTH - 32, kind: str = "box") -> int:
        """Draws a box at the current height, and returns where it ends."""
        height = LINE * len(lines) + 14
        self.parts.append(f'<rect class="{kind}" x="{x}" y="{self.top}" width="{width}" height="{height}" rx="6"/>')
        for number, line in enumerate(lines, 1):
            self.text(x + 12, self.top + LINE * number, line)
        return self.top + height

    def row(self, *boxes: Sequence[Text]) -> None:
        """Draws boxes beside one another, all but the first as another way."""
        width = (WIDTH - 32 - 16 * (len(boxes) - 1)) // len(boxes)
        most = max(map(len, boxes))
        ends = []
        for number, lines in enumerate(boxes):
            padded = [*lines, *[("soft", "")] * (most - len(lines))]
            ends.append(self.box(padded, 16 + number * (width + 16), width, "other" if number else "box"))
        self.top = max(ends)

    def arrow(self, *places: int) -> None:
        """Draws arrows down, at these places, to where the next box begins."""
        for x in places or (WIDTH // 2,):
            self.parts.append(f'<path class="arrow" d="M{x} {self.top + 2}V{self.top + GAP - 4}"/>')
        self.top += GAP

    def note(self, *lines: Text) -> None:
        """Draws lines without a box."""
        for line in lines:
            self.top += LINE
            self.text(16, self.top, line)
        self.top += 10

    def svg(self) -> str:
        height = self.top + 16
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                f'height="{height}" role="img" aria-labelledby="title description">',
                f'<title id="title">{escape(self.title)}</title>',
                f'<desc id="description">{escape(self.description)}</desc>',
                f"<style>\n{STYLE}\n</style>",
                '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
                'orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
                f'<rect class="page" width="{WIDTH}" height="{height}" rx="8"/>',
                *self.parts,
                "</svg>",
                "",
            ]
        )


def wrapped(words: Iterable[str], width: int) -> list[Text]:
    """Names with commas between them, in as many lines as they need."""
    lines = [""]
    for word in words:
        joined = f"{lines[-1]}, {word}".removeprefix(", ")
        if len(joined) > width:
            lines.append(word)
        else:
            lines[-1] = joined
    return [("code", line) for line in lines]


# ------------------------------------------------------------------ the way of a request


def checks_in_order() -> list[str]:
    """The checks of a plan that hooks nothing of DRF's ``initial()``, in their order."""
    from macaron_django.api.plans import request_checks

    functions = [getattr(request_checks, name) for name in request_checks.__all__ if name.islower()]
    # In the place of others.
    variants = {"initial", "tell_tracers", "admit_anybody", "authenticate_by_header_or_session"}
    ordered = sorted(functions, key=lambda function: inspect.getsourcelines(function)[1])
    return [function.__name__ for function in ordered if function.__name__ not in variants]


def request() -> Picture:
    from macaron_django.api.views.actions import ACTIONS

    picture = Picture(
        "The life of a request",
        "From top to bottom: The front finds the operation. If the front doesn't know a middleware, Django's handler "
        "finds the operation instead. The view runs the steps of the operation's plan, which also read parameters and "
        "body. A generated action or a handler is called. A store reads or writes an item in DynamoDB or a row of the "
        "ORM. The response is rendered. Any exception becomes an error response.",
    )
    picture.row(
        [("title", "Front"), module("api/front/routes.py"), ("soft", "steps of known middleware")],
        [
            ("title", "Django's handler"),
            ("soft", "if the front doesn't know a"),
            ("soft", "middleware, or FRONT is off"),
        ],
    )
    picture.arrow(WIDTH // 4, 3 * WIDTH // 4)
    picture.top = picture.box([("title", "View of the path"), module("api/views/operation_viewsets.py")])
    picture.arrow()
    names = wrapped(checks_in_order(), 60)
    picture.top = picture.box(
        [("title", "Checks of the operation's plan"), module("api/plans/request_checks.py"), *names]
    )
    picture.arrow()
    picture.row(
        [
            ("title", "Generated action"),
            module("api/views/actions.py"),
            *wrapped((method for method, _ in ACTIONS.values()), 28),
        ],
        [
            ("title", "Handler"),
            module("api/plans/operation_handlers.py"),
            ("code", "x-bind-server"),
            ("soft", "your function"),
        ],
    )
    picture.arrow(WIDTH // 4, 3 * WIDTH // 4)
    picture.row(
        [("title", "ItemStore: DynamoDB"), module("dynamodb/item_store.py"), module("dynamodb/calls/fast_lane")],
        [("title", "OrmStore: Django's ORM"), module("schemas/models/orm_store.py")],
    )
    picture.arrow(WIDTH // 4, 3 * WIDTH // 4)
    picture.top = picture.box([("title", "Response"), module("api/answers/renderers.py")])
    picture.top += 16
    errors = [("title", "Error response for any exception above"), module("api/answers/error_responses.py")]
    picture.top = picture.box(errors, kind="other")
    return picture


# ------------------------------------------------------------------ a schema's way into a table


def table() -> Picture:
    from myserver.db.profile import PersistentProfile

    from macaron_django import openapi
    from macaron_django.dynamodb.codec.formats.schema_codecs import codec_of

    schema = openapi.load(EXAMPLE).schemas["Profile"]
    properties = [
        (name, " ".join([*each.schema.types, each.schema.json.get("format", "")]).strip(), codec_of(each.schema))
        for name, each in schema.properties.items()
    ]
    picture = Picture(
        "From a schema to a table",
        "The schema Profile of the example project becomes a Django model and a DynamoDB table. A codec converts each "
        "property to an attribute: "
        + "; ".join(f"{name} ({kind}) to {codec.attr_type}" for name, kind, codec in properties)
        + ".",
    )
    picture.top = picture.box(
        [("title", "Profile in example_project/apis/myserver.yaml"), module("openapi/document.py")]
    )
    picture.arrow(WIDTH // 4, 3 * WIDTH // 4)
    picture.row(
        [("title", "Model"), ("code", "apipool.myserver.Profile"), module("schemas/models/row_models.py")],
        [
            ("title", f"Table: {PersistentProfile.table_name}"),
            ("code", f"hash key {PersistentProfile.primary_key}"),
            module("dynamodb/tables/syncing.py"),
        ],
    )
    picture.arrow(WIDTH // 4)
    picture.top = picture.box([("title", "Codecs"), module("dynamodb/codec/formats/schema_codecs.py")])
    picture.top += 6
    columns = (28, 150, 300, 440)
    picture.top += LINE
    for x, head in zip(columns, ("property", "in the spec", "codec", "DynamoDB"), strict=True):
        picture.text(x, picture.top, ("title", head))
    for name, kind, codec in properties:
        picture.top += LINE
        for x, cell in zip(columns, (name, kind, type(codec).__name__, codec.attr_type or "any"), strict=True):
            picture.text(x, picture.top, ("code", cell))
    picture.top += 6
    return picture


# ------------------------------------------------------------------ the planner's decisions


def planner() -> Picture:
    from macaron_django.dynamodb.planning.conditions import ALL, And, Lookup
    from macaron_django.dynamodb.planning.planner import plan
    from macaron_django.dynamodb.planning.query_plans import IndexKeySchema, TableKeySchema
    from macaron_django.exceptions import ScanForbidden

    index = IndexKeySchema("by_state", "state", "placed")
    orders = TableKeySchema("orders", "customer", "placed", indexes=(index,))

    def by(name: str, *values: str, lookup: str = "exact") -> Lookup:
        return Lookup((name,), lookup, tuple({"S": value} for value in values))

    ada, may = by("customer", "ada"), by("placed", "2026-05-01")
    questions = (
        ("The whole key of one item?", And((ada, may))),
        ("Whole keys of several items?", And((ada, by("placed", "2026-05-01", "2026-05-02", lookup="in")))),
        ("The hash key of the table?", ada),
        ("The hash key of an index?", by("state", "open")),
        ("No filter at all?", ALL),
    )
    forbidden = by("note", "urgent")
    try:
        plan(orders, forbidden)
        raise SystemExit("The planner no longer refuses a filtered scan.")
    except ScanForbidden as refusal:
        words = str(refusal).split(". ")[0]
    decided = [(question, plan(orders, condition).explain().splitlines()) for question, condition in questions]
    picture = Picture(
        "The planner's decisions",
        "The planner asks these questions about a filter on the table orders, in this order. Each question is "
        "followed by the call that the planner chooses if the answer is yes. "
        + " ".join(f"{question} {lines[0].strip()}." for question, lines in decided)
        + " Any other filter would need a scan of the whole table: ScanForbidden, unless the schema permits the scan.",
    )
    keys = ("hash key customer, range key placed", "index by_state: hash key state, range key placed")
    lines = [("code", line) for line in keys]
    picture.note(("title", "Table orders"), *lines, module("dynamodb/planning/planner.py"))
    for question, lines in decided:
        shown = [("code", part) for line in lines for part in folded(line.strip(), 60)]
        picture.top = picture.box([("title", question), *shown])
        picture.arrow(40)
        picture.text(54, picture.top - 8, ("soft", "no"))
    refused = [("code", line) for line in folded(words, 60)]
    picture.top = picture.box([("title", "Any other filter: ScanForbidden"), *refused], kind="other")
    return picture


def folded(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


#: Each picture by the name of its file.
PICTURES = {"way-of-a-request": request, "schema-to-table": table, "planner-decisions": planner}


def main() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    for name, draw in PICTURES.items():
        (IMAGES / f"{name}.svg").write_text(draw().svg(), "utf-8")


if __name__ == "__main__":
    main()
