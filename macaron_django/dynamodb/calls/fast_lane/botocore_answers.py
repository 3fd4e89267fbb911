"""Parses the fast lane's responses with botocore's parser."""

from __future__ import annotations

from typing import Any

from macaron_django.dynamodb.calls.fast_lane.http import HTTPAnswer

__all__ = ["read_by_botocore"]


def read_by_botocore(client: Any, operation: str, answer: HTTPAnswer) -> dict[str, Any]:
    """Does what ``Endpoint._do_get_response`` and ``BaseClient._make_api_call`` do after sending a request."""
    model = client.meta.service_model.operation_model(operation)
    response = {
        "headers": answer.headers,
        "status_code": answer.status,
        "context": {"operation_name": operation},
        "body": answer.body,
    }
    client.meta.events.emit(
        f"before-parse.dynamodb.{operation}",
        operation_model=model,
        response_dict=response,
        customized_response_dict={},
    )
    endpoint = client._endpoint
    parser = endpoint._response_parser_factory.create_parser(model.service_model.resolved_protocol)
    parsed: dict[str, Any] = parser.parse(response, model.output_shape)
    if answer.status >= 300:
        endpoint._add_modeled_error_fields(response, parsed, model, parser)
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    if answer.status >= 300:
        raise client.exceptions.from_code(parsed.get("Error", {}).get("Code"))(parsed, operation)
    return parsed
