"""The fast lane answers as botocore does, on each engine, and steps aside for whoever relies on botocore's path."""

from __future__ import annotations

import itertools
import re
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError, ConnectionClosedError, SSLError
from botocore.stub import Stubber
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test.utils import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynamodb.signals import post_dynamodb_send, pre_dynamodb_send

from macaron_django.drivers import run
from macaron_django.dynamodb import Persistence, engines
from macaron_django.dynamodb.calls.aws_sdk.botocore_clients import new_client
from macaron_django.dynamodb.calls.aws_sdk.botocore_sessions import new_session
from macaron_django.dynamodb.calls.client_configurations import Configuration
from macaron_django.dynamodb.calls.clients import reset
from macaron_django.dynamodb.calls.connection import connection
from macaron_django.dynamodb.calls.fast_lane.lane import FastLane
from macaron_django.dynamodb.calls.fast_lane.lane_calls import (
    OPERATIONS,
    DamagedAnswerError,
    check_answer,
    trace_header,
)
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.testing import Fault, FaultProxy

MakePersistence = Callable[..., Persistence]
Parameters = dict[str, Any]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations that the lane has sent."""
    sent: list[str] = []
    exchange = FastLane._exchange

    def noted(lane: FastLane, route: Any, *rest: Any) -> Any:
        sent.append(route.target.rpartition(".")[2])
        return exchange(lane, route, *rest)

    monkeypatch.setattr(FastLane, "_exchange", noted)
    return sent


@pytest.fixture
def table(make_table: MakePersistence) -> str:
    """The name of an empty table; the connection to its engine is open."""
    persistence = make_table()
    connection().client.list_tables()
    return persistence.table_name


def outcome(call: Callable[[], Parameters]) -> Any:
    """The answer or the error of a call, without what differs from one time to the next."""
    try:
        return _comparable(call())
    except ClientError as error:
        return type(error).__name__, error.operation_name, _comparable(error.response)


def _comparable(answer: Parameters) -> Parameters:
    metadata = dict(answer["ResponseMetadata"])
    metadata.pop("MaxAttemptsReached", None)  # what botocore notes of its own retries
    headers = dict(metadata.pop("HTTPHeaders"))
    assert metadata.pop("RequestId", None) == headers.pop("x-amzn-requestid", None)
    for name in ("date", "x-amz-crc32"):  # (members come in any order)
        headers.pop(name, None)
    return {**answer, "ResponseMetadata": {**metadata, "HTTPHeaders": headers}}


def both(operation: str, parameters: Parameters) -> tuple[Any, Any]:
    """What the lane makes of a call, and botocore; the lane's first."""
    client = connection().client
    lane = FastLane.beside(client)
    assert lane is not None

    def by_lane() -> Parameters:
        answer = lane.answer(operation, parameters)
        assert answer is not None
        return answer

    return outcome(by_lane), outcome(lambda: client._make_api_call(operation, parameters))


# -- the same answers ----------------------------------------------------------------------------


ITEM = {
    "profile_id": {"S": "ada"},
    "age": {"N": "99999999999999999999999999999999999999"},
    "photo": {"B": b"\x00\xff"},
    "photos": {"BS": [b"a"]},
    "anything": {"M": {"B": {"L": [{"NULL": True}, {"B": b"x"}, {"S": "null"}]}, "日本": {"S": "\U0001f600"}}},
}


def requests(table: str) -> Iterator[tuple[str, Parameters]]:
    """Every operation of the lane, asked twice with the same result; and each kind of error."""
    key = {"profile_id": {"S": "ada"}}
    names, values = {"#0": "age"}, {":0": {"N": "1"}}
    condition = {"ConditionExpression": "attribute_not_exists(profile_id)"}
    yield "PutItem", {"TableName": table, "Item": ITEM, "ReturnValues": "NONE", "ReturnConsumedCapacity": "TOTAL"}
    yield "GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}
    yield "GetItem", {"TableName": table, "Key": {"profile_id": {"S": "nobody"}}}
    yield (
        "Query",
        {
            "TableName": table,
            "KeyConditionExpression": "profile_id = :0",
            "ExpressionAttributeValues": {":0": {"S": "ada"}},
        },
    )
    yield "Scan", {"TableName": table, "Limit": 1}
    yield "Scan", {"TableName": table, "Select": "COUNT"}
    yield "BatchGetItem", {"RequestItems": {table: {"Keys": [key]}}}
    yield "TransactGetItems", {"TransactItems": [{"Get": {"TableName": table, "Key": key}}]}
    yield (
        "UpdateItem",
        {
            "TableName": table,
            "Key": key,
            "UpdateExpression": "SET #0 = :0",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
        },
    )
    yield "BatchWriteItem", {"RequestItems": {table: [{"PutRequest": {"Item": ITEM}}]}}
    put = {"Put": {"TableName": table, "Item": ITEM}}
    yield "TransactWriteItems", {"TransactItems": [put], "ClientRequestToken": "token"}
    yield "PutItem", {"TableName": table, "Item": ITEM, **condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    yield "TransactWriteItems", {"TransactItems": [{"Put": {**put["Put"], **condition}}], "ClientRequestToken": "other"}
    yield "GetItem", {"TableName": "there-is-none", "Key": key}
    yield "GetItem", {"TableName": table, "Key": {"profile_id": {"S": ""}}}
    yield "UpdateItem", {"TableName": table, "Key": key, "UpdateExpression": "SET SET"}
    yield "DeleteItem", {"TableName": table, "Key": {"profile_id": {"S": "nobody"}}, "ReturnValues": "ALL_OLD"}


@pytest.mark.usefixtures("engine")
def test_the_lane_answers_each_operation_as_botocore_does(table: str, taken: list[str]) -> None:
    asked = list(requests(table))
    for operation, parameters in asked:
        by_lane, by_botocore = both(operation, parameters)
        assert by_lane == by_botocore, operation
    assert taken == [operation for operation, _ in asked]
    assert set(taken) == OPERATIONS


SCALARS = (
    st.builds(lambda each: {"S": each}, st.text(max_size=5))
    | st.builds(lambda each: {"N": str(each)}, st.integers(-(10**37), 10**37) | st.decimals(-99, 99, places=3))
    | st.builds(lambda each: {"B": each}, st.binary(max_size=4))
    | st.builds(lambda each: {"BOOL": each}, st.booleans())
    | st.just({"NULL": True})
    # Of two mistakes in one item an engine names now this one, now that: empty sets are the only one here.
    | st.builds(lambda each: {"NS": each}, st.lists(st.sampled_from("123"), max_size=2, unique=True))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(lambda each: {"L": each}, st.lists(inner, max_size=2))
        | st.builds(lambda each: {"M": each}, st.dictionaries(st.sampled_from(["a", "B", "é"]), inner, max_size=2))
    ),
    max_leaves=4,
)


@pytest.mark.usefixtures("engine")
@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_random_items_come_back_as_by_botocore(table: str, data: st.DataObject) -> None:
    values = data.draw(st.dictionaries(st.sampled_from(["a", "B", "BS", "x y"]), VALUES, max_size=4))
    key = {"profile_id": {"S": data.draw(st.text(max_size=3))}}
    for operation, parameters in (
        ("PutItem", {"TableName": table, "Item": {**values, **key}}),
        ("GetItem", {"TableName": table, "Key": key}),
        ("Scan", {"TableName": table}),
    ):
        by_lane, by_botocore = both(operation, parameters)
        assert by_lane == by_botocore


@pytest.mark.usefixtures("engine")
def test_rows_are_read_and_written_by_the_lane(make_rows: MakePersistence, taken: list[str]) -> None:
    objects = make_rows().model.objects
    objects.create(profile_id="a", name="Ada", photo=b"\x00")
    objects.create(profile_id="b", name="Bob")
    taken.clear()
    row = objects.get(profile_id="a")
    assert (row.name, row.photo) == ("Ada", b"\x00")
    assert {each.pk for each in objects.all()} == {"a", "b"}
    row.delete()
    assert taken == ["GetItem", "Scan", "DeleteItem"]


# -- what fails ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("embedded")
def test_a_broken_connection_and_a_damaged_answer_are_botocores_errors(
    table: str, embedded: engines.Engine, taken: list[str]
) -> None:
    faults = [None, Fault.DROP_AFTER, None, Fault.DAMAGE, Fault.SERVER_ERROR]
    with FaultProxy(str(embedded.endpoint_url), faults) as proxy, engines.use(EndpointEngine(proxy.url)):
        client = connection().client
        lane = FastLane.beside(client)
        assert lane is not None
        parameters = {"TableName": table, "Key": {"profile_id": {"S": "a"}}}
        assert lane.answer("GetItem", parameters) is None  # no connection is open yet
        client._make_api_call("GetItem", parameters)
        with pytest.raises(ConnectionClosedError):
            lane.answer("GetItem", parameters)
        assert lane.answer("GetItem", parameters) is None
        client._make_api_call("GetItem", parameters)
        with pytest.raises(DamagedAnswerError):
            lane.answer("GetItem", parameters)
        with pytest.raises(ClientError) as refused:
            lane.answer("GetItem", parameters)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        reset()
    assert taken == ["GetItem"] * 3


@pytest.mark.usefixtures("embedded")
def test_what_failed_once_is_repeated_by_botocore(table: str, embedded: engines.Engine, taken: list[str]) -> None:
    with FaultProxy(str(embedded.endpoint_url)) as proxy, engines.use(EndpointEngine(proxy.url)):
        parameters = {"TableName": table, "Key": {"profile_id": {"S": "a"}}}
        connection().dispatch("GetItem", dict(parameters))
        proxy.inject([Fault.DROP_BEFORE, Fault.THROTTLED])
        connection().dispatch("GetItem", dict(parameters))
        assert [exchange.fault for exchange in proxy.exchanges] == [None, Fault.DROP_BEFORE, Fault.THROTTLED, None]
        reset()
    assert taken == ["GetItem"]


# -- stepping aside ------------------------------------------------------------------------------


def ask(table: str) -> Parameters:
    answer: Parameters = connection().dispatch("GetItem", {"TableName": table, "Key": {"profile_id": {"S": "a"}}})
    return answer


@pytest.mark.usefixtures("embedded")
def test_the_lane_can_be_switched_off(table: str, taken: list[str]) -> None:
    with override_settings(MACARON={"DYNAMODB": {"FAST_LANE": False}}):
        ask(table), ask(table)
    assert taken == []


@pytest.mark.parametrize(
    "event",
    ["before-call.dynamodb.GetItem", "before-send.*.*", "before-sign.dynamodb", "needs-retry", "after-call.dynamodb"],
)
@pytest.mark.usefixtures("embedded")
def test_a_handler_of_somebody_elses_is_called(table: str, taken: list[str], event: str) -> None:
    called = itertools.count()
    events = connection().client.meta.events

    def handler(**_: Any) -> None:
        next(called)

    ask(table)
    assert taken == ["GetItem"]
    events.register(event, handler)
    ask(table)
    assert (next(called) > 0, taken) == (True, ["GetItem"])
    events.unregister(event, handler)
    ask(table)
    assert taken == ["GetItem"] * 2


@pytest.mark.usefixtures("embedded")
def test_a_handler_of_another_operation_is_no_reason(table: str, taken: list[str]) -> None:
    connection().client.meta.events.register("before-send.dynamodb.PutItem", lambda **_: None)
    ask(table)
    assert taken == ["GetItem"]
    reset()


@pytest.mark.usefixtures("embedded")
def test_botocores_stubber_is_asked(table: str, taken: list[str]) -> None:
    with Stubber(connection().client) as stubber:
        stubber.add_response("get_item", {"Item": {"profile_id": {"S": "stubbed"}}})
        assert ask(table)["Item"] == {"profile_id": {"S": "stubbed"}}
    assert taken == []


@pytest.mark.usefixtures("embedded")
def test_a_patched_call_is_made(table: str, taken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda *_: {"Item": {}})
    assert ask(table) == {"Item": {}}
    assert taken == []


@pytest.mark.usefixtures("embedded")
def test_moto_answers_while_it_is_active(table: str, taken: list[str]) -> None:
    from moto.core.models import botocore_stubber

    connection().client.meta.events.register("before-send", botocore_stubber)
    ask(table)
    assert taken == ["GetItem"]
    botocore_stubber.enabled = True
    try:
        lane = FastLane.beside(connection().client)
        assert lane is not None
        assert lane.answer("GetItem", {"TableName": table, "Key": {"profile_id": {"S": "a"}}}) is None
    finally:
        botocore_stubber.enabled = False
    assert taken == ["GetItem"]
    reset()


@pytest.mark.usefixtures("embedded")
def test_parameters_that_botocore_does_not_know_are_its_to_refuse(table: str, taken: list[str]) -> None:
    with pytest.raises(KeyError):
        connection().dispatch("GetItem", {"TableName": table, "Keys": {}})
    assert taken == []


@pytest.mark.parametrize(
    "settings_of_client",
    [{"signature_version": botocore.UNSIGNED}, {"auth_scheme_preference": "sigv4a"}],
)
def test_a_client_of_another_kind_has_no_lane(settings_of_client: dict[str, Any]) -> None:
    config = botocore.config.Config(**settings_of_client)
    client = botocore.session.get_session().create_client("dynamodb", "eu-west-1", config=config)
    assert FastLane.beside(client) is None


# -- what the client decides ---------------------------------------------------------------------


@pytest.mark.usefixtures("embedded")
def test_pynamodbs_signals_are_sent(table: str, taken: list[str]) -> None:
    heard: list[tuple[str, str, str]] = []

    def before(_: object, operation_name: str, table_name: str, **__: Any) -> None:
        heard.append(("before", operation_name, table_name))

    def after(_: object, operation_name: str, table_name: str, **__: Any) -> None:
        heard.append(("after", operation_name, table_name))

    with pre_dynamodb_send.connected_to(before), post_dynamodb_send.connected_to(after):
        ask(table)
    assert heard == [("before", "GetItem", table), ("after", "GetItem", table)]
    assert taken == ["GetItem"]


@pytest.mark.usefixtures("embedded")
def test_signals_are_sent_for_rows_too(make_rows: MakePersistence, taken: list[str]) -> None:
    heard: list[str] = []

    def before(_: object, operation_name: str, **__: Any) -> None:
        heard.append(operation_name)

    objects = make_rows().model.objects
    objects.create(profile_id="a")
    taken.clear()
    with pre_dynamodb_send.connected_to(before):
        objects.get(profile_id="a")
    objects.get(profile_id="a")
    assert (heard, taken) == (["GetItem"], ["GetItem"] * 2)


@pytest.mark.usefixtures("embedded")
def test_an_answer_without_metadata_is_otherwise_the_same(table: str, taken: list[str]) -> None:
    parameters = {"TableName": table, "Key": {"profile_id": {"S": "a"}}}
    whole = connection().dispatch("GetItem", dict(parameters))
    assert whole.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert run(connection().steps("GetItem", dict(parameters))) == whole
    assert taken == ["GetItem"] * 2


def lane_of(**options: Any) -> FastLane:
    session = botocore.session.get_session()
    client = session.create_client("dynamodb", "eu-west-1", **options)
    lane = FastLane.beside(client)
    assert lane is not None
    return lane


def test_credentials_are_asked_for_at_each_call() -> None:
    lane = lane_of(aws_access_key_id="first", aws_secret_access_key="x")
    parameters = {"TableName": "t"}
    assert lane._template("GetItem", parameters) is lane._template("GetItem", parameters)
    provider = lane._client._request_signer._credentials
    provider.access_key, provider.token = "second", "token"
    route = lane._template("GetItem", parameters)
    assert route is not None
    signed = route.signer.header_lines(route.target, b"{}", "20260101T000000Z")
    assert "Credential=second/" in signed
    assert "X-Amz-Security-Token: token\r\n" in signed


def test_credentials_that_run_out_are_refreshed_first() -> None:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    fetched = itertools.count(1)

    def fetch() -> dict[str, str]:
        name = f"key{next(fetched)}"
        expiry = (now + timedelta(hours=1)).isoformat()
        return {"access_key": name, "secret_key": "x", "token": f"{name}token", "expiry_time": expiry}

    session = botocore.session.get_session()
    # As a role's, whose keys botocore renews some minutes before they expire.
    session._credentials = RefreshableCredentials(
        "key0", "x", "t", now + timedelta(hours=1), fetch, "a role", time_fetcher=lambda: now
    )
    lane = FastLane.beside(session.create_client("dynamodb", "eu-west-1"))
    assert lane is not None
    signed = []
    for hours in (0, 0.5, 1.1, 1.2, 2.2):
        now = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(hours=hours)
        route = lane._template("GetItem", {"TableName": "t"})
        assert route is not None
        signed.append(
            re.findall(r"Credential=(\w+)/", route.signer.header_lines(route.target, b"{}", "20260101T000000Z"))
        )
    assert signed == [["key0"], ["key0"], ["key1"], ["key1"], ["key2"]]


def test_the_client_of_aws_itself_has_nobody_who_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")  # retries are the connection's
    client = new_client(new_session(), Configuration(None, "eu-west-1", ("a", "b"), 1, 1, 1, fast_lane=True))
    assert client.meta.endpoint_url == "https://dynamodb.eu-west-1.amazonaws.com"
    lane = FastLane.beside(client)
    assert lane is not None
    for operation in OPERATIONS:
        assert not lane._hooks.watchers(operation).leave
        discovery = client.meta.service_model.operation_model(operation).endpoint_discovery
        assert not (discovery or {}).get("required")


@pytest.mark.parametrize(
    ("environment", "config"),
    [
        ({"AWS_RETRY_MODE": "adaptive"}, {}),
        ({}, {"retries": {"mode": "adaptive"}}),
        ({"AWS_RETRY_MODE": "standard", "AWS_ENDPOINT_DISCOVERY_ENABLED": "true"}, {}),
        ({"AWS_RETRY_MODE": "standard"}, {"endpoint_discovery_enabled": True}),
    ],
)
def test_adaptive_retries_and_endpoint_discovery_are_botocores(
    environment: dict[str, str], config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, taken: list[str]
) -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    lane = lane_of(**keys, config=botocore.config.Config(**config))
    assert lane._hooks.watchers("GetItem").leave
    assert lane.answer("GetItem", {"TableName": "t", "Key": {}}) is None
    assert taken == []


def _certificate(name: str, issuer: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """A throw-away key and certificate: an authority's, or one for 127.0.0.1 that ``issuer`` has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, parent = issuer or (key, None)
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder(parent.subject if parent else subject, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=parent is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if parent is None:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
        )
        builder = builder.add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, decipher_only=False, **usage),
            critical=True,
        )
    return key, builder.sign(signer, hashes.SHA256())


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"Item":{"profile_id":{"S":"over TLS"}}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_over_tls_only_a_server_whose_authority_is_known_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: list[str]
) -> None:
    authority, stranger = _certificate("authority"), _certificate("stranger")
    key, certificate = _certificate("server", authority)
    encoding = serialization.Encoding.PEM
    for name, made in (("authority", authority[1]), ("stranger", stranger[1]), ("server", certificate)):
        (tmp_path / name).write_bytes(made.public_bytes(encoding))
    (tmp_path / "key").write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server", tmp_path / "key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # (a client that hangs up)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        for bundle in ("stranger", "authority"):
            monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / bundle))
            with engines.use(EndpointEngine(f"https://127.0.0.1:{server.server_port}")):
                reset()
                if bundle == "stranger":
                    for _ in range(2):
                        with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
                            ask("t")
                    assert taken == []
                else:
                    answers = [ask("t")["Item"] for _ in range(3)]
    finally:
        reset()
        server.shutdown()
        thread.join()
        server.server_close()
    assert answers == [{"profile_id": {"S": "over TLS"}}] * 3
    assert taken == ["GetItem"] * 2  # botocore opens the connection, and looks at its certificate


def test_the_endpoint_is_the_accounts_where_botocore_would_use_it() -> None:
    lane = lane_of(aws_access_key_id="a", aws_secret_access_key="b", aws_account_id="123456789012")
    route = lane._template("Scan", {"TableName": "t"})
    assert route is not None
    assert route.url == "https://123456789012.ddb.eu-west-1.amazonaws.com"
    assert route.idle.pool.host == "123456789012.ddb.eu-west-1.amazonaws.com"
    assert lane._template("Scan", {"TableName": "arn:aws:dynamodb:eu-west-1:1:table/t"}) is None


def test_proxies_tls_and_timeouts_are_the_clients() -> None:
    config = botocore.config.Config(
        proxies={"https": "http://user:password@proxy.example:3128"}, connect_timeout=2, read_timeout=3
    )
    lane = lane_of(aws_access_key_id="a", aws_secret_access_key="b", config=config)
    route = lane._template("GetItem", {"TableName": "t"})
    assert route is not None
    pool = route.idle.pool
    assert (pool.proxy.host, pool.proxy.port) == ("proxy.example", 3128)
    assert (pool.timeout.connect_timeout, pool.timeout.read_timeout) == (2, 3)
    assert pool.cert_reqs == "CERT_REQUIRED"
    assert "Proxy-Authorization" not in route.head  # the tunnel's, not the request's
    assert route.head.startswith("POST / HTTP/1.1\r\n")


def test_a_proxy_without_a_tunnel_gets_the_whole_address() -> None:
    config = botocore.config.Config(proxies={"http": "http://user:password@proxy.example:3128"})
    lane = lane_of(
        aws_access_key_id="a", aws_secret_access_key="b", endpoint_url="http://engine.example:8000", config=config
    )
    route = lane._template("GetItem", {"TableName": "t"})
    assert route is not None
    assert route.head.startswith("POST http://engine.example:8000/ HTTP/1.1\r\nHost: engine.example:8000\r\n")
    assert "\r\nProxy-Authorization: Basic " in route.head


def test_in_lambda_the_trace_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    outside = lane_of(**keys)._template("GetItem", {"TableName": "t"})
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    inside = lane_of(**keys)._template("GetItem", {"TableName": "t"})
    assert outside is not None
    assert inside is not None
    assert (outside.in_lambda, inside.in_lambda) == (False, True)
    assert trace_header() == ()
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1;Parent=2 3")
    assert trace_header() == (("X-Amzn-Trace-Id", "Root=1;Parent=2%203"),)


@pytest.mark.parametrize("checksum", ["", "none", "1", "-1", "٣"])
def test_a_checksum_that_is_not_the_bodys_is_damage_whatever_it_is(checksum):
    check_answer("GetItem", {"x-amz-crc32": str(zlib.crc32(b"{}"))}, b"{}")
    with pytest.raises(DamagedAnswerError, match="CRC32"):
        check_answer("GetItem", {"x-amz-crc32": checksum}, b"{}")
