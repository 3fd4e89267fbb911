"""The files of botocore's that a session reads: the same content as botocore's own reader finds in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from macaron_django.dynamodb.calls.aws_sdk.botocore_sessions import new_session


@pytest.mark.parametrize("name", ["endpoints", "partitions", "dynamodb/2012-08-10/endpoint-rule-set-1"])
def test_a_file_reads_as_botocore_reads_it_in_the_same_order(name: str) -> None:
    ours, botocores = (
        session.get_component("data_loader").load_data(name)
        for session in (new_session(), botocore.session.get_session())
    )
    assert json.dumps(ours) == json.dumps(botocores)


def test_the_model_of_dynamodb_is_botocores() -> None:
    ours, botocores = (
        session.get_service_data("dynamodb") for session in (new_session(), botocore.session.get_session())
    )
    assert json.dumps(ours) == json.dumps(botocores)


def test_a_file_of_aws_data_path_that_is_no_strict_json_is_left_to_botocore(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "limits.json").write_text('{"most": Infinity}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    assert new_session().get_component("data_loader").load_data("limits") == {"most": float("inf")}


def test_a_file_that_is_not_there_is_botocores_error() -> None:
    with pytest.raises(botocore.exceptions.DataNotFoundError, match="nothing"):
        new_session().get_component("data_loader").load_data("nothing")
