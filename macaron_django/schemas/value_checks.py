"""Examples, defaults and formats of a document's schemas in; findings about those that can't be meant out.

All are warnings: a server lives with a wrong example, and leaves an unknown format unchecked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from macaron_django.exceptions import ValidationFailed
from macaron_django.schemas.formats import custom_formats, formats_version
from macaron_django.schemas.validators import SchemaError, validator_for
from macaron_django.spec import Finding
from macaron_django.spec.dialects import NUMBER_FORMATS

if TYPE_CHECKING:
    from macaron_django.spec import Document, Location, MediaType, Schema

__all__ = ["value_findings"]

Direction = Literal["request", "response"] | None

#: What jsonschema-rs checks by itself.
_STRING_FORMATS = frozenset(
    "date date-time duration email hostname idn-email idn-hostname ipv4 ipv6 iri iri-reference json-pointer regex "  # noqa: SIM905
    "relative-json-pointer time uri uri-reference uri-template uuid".split()
)
#: A schema of its own size may be compiled to check one example; one that drags half the document along may not.
_MAX_DEFINITIONS = 50


def value_findings(document: Document, schemas: Iterable[Schema]) -> Iterator[Finding]:
    """Judge what ``schemas``, all those of ``document``, and its bodies and parameters give as examples."""
    schemas = list(schemas)
    yield from _unknown_formats(schemas)
    for schema in schemas:
        yield from _examples_of_schema(schema)
    yield from _examples_of_operations(document)


# Formats


def _unknown_formats(schemas: Iterable[Schema]) -> Iterator[Finding]:
    """Each unknown format once, where it comes first."""
    known = {*_STRING_FORMATS, *NUMBER_FORMATS, *custom_formats()}
    places: dict[str, list[Schema]] = {}
    for schema in schemas:
        format_ = schema.json.get("format") if isinstance(schema.json, Mapping) else None
        if isinstance(format_, str) and format_ not in known:
            places.setdefault(format_, []).append(schema)
    for name, found in places.items():
        more = f" (here and in {len(found) - 1} more places)" if len(found) > 1 else ""
        yield Finding(
            "W203",
            "warning",
            f"The format {name!r} isn't known: nothing checks it{more}.",
            "Register a check for it with macaron_django.schemas.register_format, or leave it as a note to readers.",
            _below(found[0], "format"),
        )


# Examples and defaults


def _examples_of_schema(schema: Schema) -> Iterator[Finding]:
    json = schema.json
    if isinstance(json, bool):
        return
    if "default" in json:
        yield from _judged(schema, None, json["default"], "W205", "default", _below(schema, "default"))
    if "example" in json:
        yield from _judged(schema, None, json["example"], "W204", "example", _below(schema, "example"))
    examples = json.get("examples")
    for index, example in enumerate(examples if isinstance(examples, list) else ()):
        place = _below(schema, f"examples/{index}")
        yield from _judged(schema, None, example, "W204", "example", place)


def _examples_of_operations(document: Document) -> Iterator[Finding]:
    seen: set[Any] = set()  # components are shared by operations
    for operation in document.operations:
        for parameter in operation.parameters:
            if parameter.content_type is None and (parameter.schema, parameter.place) not in seen:
                seen.add((parameter.schema, parameter.place))
                for name, example in parameter.examples.items():
                    label = f"example of the parameter {parameter.name!r}" + _named(name)
                    yield from _judged(parameter.schema, None, example, "W204", label, parameter.place)
        body = operation.request_body
        bodies: list[tuple[Mapping[str, MediaType], Direction]] = [(body.content if body else {}, "request")]
        bodies += [(response.content, "response") for response in operation.responses.values()]
        for content, direction in bodies:
            for media_type, media in content.items():
                if media.schema is None or not _is_json(media_type):
                    continue
                for name, example in media.examples.items():
                    place = media.schema.location if media.schema.pointer.count("/") > 3 else operation.location
                    if (place, name) not in seen:
                        seen.add((place, name))
                        label = f"example of the {direction}{_named(name)}"
                        yield from _judged(media.schema, direction, example, "W204", label, place)


def _named(name: str) -> str:
    return "" if name == "example" else f" named {name!r}"


def _is_json(media_type: str) -> bool:
    essence = media_type.partition(";")[0].strip().lower()
    return essence == "application/json" or essence.endswith("+json")


def _below(schema: Schema, keys: str) -> Location:
    return schema.file.location(f"{schema.source_pointer}/{keys}")


def _judged(
    schema: Schema, direction: Direction, value: Any, finding_id: str, label: str, place: Location
) -> Iterator[Finding]:
    """A finding, if ``value`` is valid neither as something sent nor as something answered."""
    if not schema.nullable:
        schema = schema.resolved  # whose validator is there already
    reason = ""
    ways: tuple[Direction, ...] = (direction,) if direction else ("request", "response")
    for way in ways:
        if not _is_affordable(schema, way):
            return
        try:
            validator_for(schema, way).validate(value)
        except SchemaError:
            return  # which is a finding of its own
        except ValidationFailed as failure:
            first = failure.violations[0]
            reason = reason or f"{first.pointer or 'it'} {first.message}"
        except Exception:  # noqa: BLE001 (an example that can't be judged is no fault of the document)
            return
        else:
            return
    message = f"The {label} isn't valid: {reason[:200]}."
    yield Finding(finding_id, "warning", message, "Correct it, or the schema.", place)


def _is_affordable(schema: Schema, direction: Direction) -> bool:
    if (schema, direction, formats_version()) in schema.document.__dict__.get("_validators", {}):
        return True
    return len(schema.bundle(direction).get("$defs", ())) <= _MAX_DEFINITIONS
