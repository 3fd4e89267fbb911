"""Clients are found by API, called in threads, on event loops and in this process, and pass on who called."""

import asyncio
import re
import threading
from contextlib import contextmanager

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections, connections, transaction
from django.test import RequestFactory, override_settings

from macaron_django import apipool
from macaron_django.auth import backend_token, generate_token
from macaron_django.auth.caller import current_request, forget, get_user_token, remember, remember_request
from macaron_django.clients.client_options import client_options
from macaron_django.clients.messages.base_urls import base_url
from macaron_django.exceptions import ErrorAnswered, ServiceUnavailable
from macaron_django.openapi import load
from macaron_django.registry import registry
from tests.clients.conftest import PARCEL, SPEC, Reply, client_settings

OK = Reply(200, b"ok", {"content-type": "text/plain"})


@pytest.fixture
def received_request():
    """Serves a request with headers, as far as the clients can tell."""

    def serve(token="", **headers):
        request = RequestFactory().get("/", **{f"HTTP_{name}": value for name, value in headers.items()})
        remember_request(request)
        remember({"sub": "ada"}, token)
        return request

    yield serve
    forget()


def test_a_client_lists_its_operations_and_says_which_there_are(parcels):
    assert {"send_parcel", "get_parcel", "listParcels"} <= set(dir(parcels))
    assert parcels is apipool.parcels.client
    assert repr(parcels.get_parcel) == "<parcels: GET /parcels/{parcel_id}>"
    with pytest.raises(AttributeError, match="no operation named 'nothing'"):
        parcels.nothing  # noqa: B018 (it raises)


def test_an_api_that_is_neither_served_nor_named_is_not_there():
    with pytest.raises(AttributeError, match="no API named 'parcels2'"):
        apipool.parcels2  # noqa: B018 (it raises)


def test_awaited_calls_do_the_same(parcels, service):
    service.answers(Reply(503), Reply(200, PARCEL))

    async def call_twice():
        client = apipool.parcels.aclient
        first = await client.get_parcel(parcel_id="p1")
        answer = await client.get_parcel.answer(parcel_id="p2")
        return first, answer

    first, answer = asyncio.run(call_twice())
    assert (first.weight, answer.status, answer.value.weight) == (1.5, 200, 1.5)
    assert [each.path for each in service.received] == ["/parcels/p1", "/parcels/p1", "/parcels/p2"]


def test_awaited_calls_of_one_loop_run_side_by_side(parcels, service):
    together = threading.Barrier(5, timeout=60)
    service.answers(Reply(200, PARCEL, first=together.wait))

    async def all_at_once():
        return await asyncio.gather(*(apipool.parcels.aclient.get_parcel(parcel_id=f"p{n}") for n in range(5)))

    assert len(asyncio.run(all_at_once())) == 5


def test_loops_that_come_and_go_leave_no_connection_behind(parcels, service):
    service.answers(Reply(200, PARCEL))
    for _ in range(3):
        assert async_to_sync(apipool.parcels.aclient.get_parcel)(parcel_id="p1").weight == 1.5
    channel = apipool.parcels.aclient._exchange.channel
    assert sum(not loop.is_closed() for loop in channel._by_loop) == 0


def test_threads_share_connections(parcels, service):
    service.answers(Reply(200, PARCEL))
    for _ in range(5):
        parcels.get_parcel(parcel_id="p1")
    assert len(service.received) == 5
    client = registry.clients.blocking("parcels", apipool.parcels.document, apipool.parcels)._exchange.channel
    assert client._blocking[1] is client.client(client._blocking[0])


# ------------------------------------------------------------------ what is passed on

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_ids_and_the_trace_of_the_request_being_served_are_passed_on(parcels, service, received_request):
    received_request(X_REQUEST_ID="r1", PYMCALLID="c1", PYMCALLPATH="shop.orders", TRACEPARENT=TRACE, TRACESTATE="a=1")
    parcels.listParcels()
    headers = service.received[0].headers
    assert (headers["x-request-id"], headers["pymcallid"], headers["pymcallpath"]) == ("r1", "c1", "shop.orders")
    assert re.fullmatch(
        r"00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01", headers["traceparent"]
    )
    assert headers["tracestate"] == "a=1"


def test_an_operation_adds_its_api_to_the_path_of_the_call(parcels, service, received_request):
    request = received_request(PYMCALLPATH="shop")
    view = type("View", (), {"cls": type("ViewSet", (), {"api": "myserver"})})
    request.resolver_match = type("Match", (), {"func": view})
    parcels.listParcels()
    assert service.received[0].headers["pymcallpath"] == "shop.myserver"


@pytest.mark.parametrize("bad", ["a\r\nb", "ä", "x" * 300, ""])
def test_only_ids_of_the_expected_form_are_passed_on(parcels, service, received_request, bad):
    received_request(X_REQUEST_ID=bad, PYMCALLID=bad, PYMCALLPATH=bad, TRACEPARENT=bad, TRACESTATE=bad)
    parcels.listParcels()
    headers = service.received[0].headers
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["pymcallid"])
    assert headers["x-request-id"] == headers["pymcallid"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", headers["traceparent"])
    assert not {"pymcallpath", "tracestate"} & headers.keys()


def test_a_decorator_of_the_spec_passes_the_caller_s_token_on(parcels, service, received_request):
    service.answers(OK)
    received_request(token="caller-token")
    assert parcels.decorated() == "ok"
    with backend_token(user_id="job"):
        assert async_to_sync(apipool.parcels.aclient.decorated)() == "ok"
    first, second = service.received
    assert first.headers["authorization"] == "Bearer caller-token"
    assert second.headers["authorization"] != first.headers["authorization"]
    assert "pymcallid" in first.headers


def test_the_setting_passes_the_caller_s_token_on_too(service, received_request):
    received_request(token="caller-token")
    with client_settings(BASE_URL=service.url, CREDENTIALS={"token": "caller"}):
        apipool.parcels.client.listParcels()
    assert service.received[0].headers["authorization"] == "Bearer caller-token"


def test_a_call_without_a_caller_has_no_credentials_and_harms_no_other_call(service, received_request):
    service.answers(Reply(200, []), OK)
    received_request(token="")
    with client_settings(BASE_URL=service.url, CREDENTIALS={"token": "caller"}, CIRCUIT_FAILURES=1):
        apipool.parcels.client.listParcels()
        with pytest.raises(ServiceUnavailable):  # a header can't end with a space
            apipool.parcels.client.decorated()
        received_request(token="caller-token")
        apipool.parcels.client.decorated()
    assert [each.headers.get("authorization") for each in service.received] == [None, "Bearer caller-token"]


def token_of_a_vault():
    return "from-a-vault"


def test_credentials_can_come_from_a_function(service):
    for given in (token_of_a_vault, f"call:{__name__}.token_of_a_vault"):
        with client_settings(BASE_URL=service.url, CREDENTIALS={"token": given}):
            apipool.parcels.client.listParcels()
    assert [each.headers["authorization"] for each in service.received] == ["Bearer from-a-vault"] * 2


def test_credentials_go_only_to_operations_that_require_them(parcels, service):
    service.answers(OK)
    parcels.public()
    parcels.byKey()  # no key is set: the service says so
    assert all("authorization" not in each.headers and not each.query for each in service.received)


# ------------------------------------------------------------------ where an API is


def url_of(document, **options):
    with client_settings("parcels", SPEC=SPEC, **options):
        return base_url("parcels", document.operations[0], client_options("parcels"))


def document_with(**root):
    paths = {"/a": {"get": {"responses": {"200": {"description": "ok"}}}}}
    return load({"openapi": "3.1.1", "info": {"title": "t", "version": "1"}, "paths": paths, **root})


SERVERS = [{"url": "https://{where}.test/v1/", "variables": {"where": {"default": "here"}}}]


def test_the_spec_s_server_is_called_unless_the_settings_name_another():
    document = document_with(servers=SERVERS)
    assert url_of(document) == "https://here.test/v1"
    assert url_of(document, BASE_URL="https://there.test/x/") == "https://there.test/x"
    assert url_of(document, BASE_URL="/v2") == "https://here.test/v2"


def test_swagger_s_host_is_called_by_https_where_it_can_be():
    paths = {"/a": {"get": {"responses": {"200": {"description": "ok"}}}}}
    written = {"swagger": "2.0", "info": {"title": "t", "version": "1"}, "host": "a.test", "basePath": "/v1"}
    assert url_of(load({**written, "schemes": ["http", "https"], "paths": paths})) == "https://a.test/v1"
    assert url_of(load({**written, "schemes": ["http"], "paths": paths})) == "http://a.test/v1"


@pytest.mark.parametrize("servers", [[], [{"url": "/v1"}], [{"url": "file:///etc"}], [{"url": "https://me:pw@a.test"}]])
def test_without_a_host_a_call_says_what_to_set(servers):
    with pytest.raises(ImproperlyConfigured, match="BASE_URL"):
        url_of(document_with(servers=servers))


# ------------------------------------------------------------------ in this process


@pytest.fixture
def own_api(dynamodb):
    options = {"IN_PROCESS": True, "CREDENTIALS": {"jwt": generate_token("ada")}, "VALIDATE_ANSWERS": "raise"}
    with override_settings(MACARON={**settings.MACARON, "CLIENTS": {"myserver": options}}):
        yield apipool.myserver
    registry.clients.close()
    del registry.clients


@pytest.fixture(autouse=True)
def no_connections(request, monkeypatch):
    """No call of this process's own API opens a connection."""
    if "own_api" in request.fixturenames:
        for kind in (httpx.HTTPTransport, httpx.AsyncHTTPTransport):
            monkeypatch.delattr(kind, "__init__")
            monkeypatch.delattr(kind, "handle_request" if kind is httpx.HTTPTransport else "handle_async_request")


def test_an_api_of_this_process_is_called_without_a_socket(own_api, received_request):
    before = received_request(token="outer")
    created = own_api.client.create_profile({"name": "Ada", "email": "ada@example.com"})
    found = own_api.client.get_profile(profile_id=created.profile_id)
    assert found.name == "Ada"
    assert (current_request(), get_user_token()) == (before, "outer")


def test_an_error_of_an_api_of_this_process_is_an_error(own_api):
    with pytest.raises(ErrorAnswered) as caught:
        own_api.client.get_profile(profile_id="nobody")
    assert caught.value.status_code == 404


def test_an_api_of_this_process_is_awaited_too(own_api):
    async def call():
        created = await own_api.aclient.create_profile({"name": "Ada", "email": "ada@example.com"})
        return await own_api.aclient.get_profile(profile_id=created.profile_id)

    assert asyncio.run(call()).name == "Ada"


@pytest.fixture
def caller_s_database(tmp_path, django_db_blocker):
    """A database in a file, whose connections Django closes at the end of each request."""
    connections.settings["caller"] = {**connections.settings["default"], "NAME": tmp_path / "caller", "CONN_MAX_AGE": 0}
    connections.settings["caller"]["ATOMIC_REQUESTS"] = False
    with django_db_blocker.unblock():
        yield "caller"
        connections["caller"].close()
    del connections["caller"], connections.settings["caller"]


@contextmanager
def kept_transaction(database):
    """A transaction of the caller's, which has to be whole afterwards; its connection is Django's to close then."""
    connection = connections[database]
    with transaction.atomic(database):
        connection.cursor().execute("CREATE TABLE written (n)")
        yield
        assert not connection.closed_in_transaction
    assert "written" in connection.introspection.table_names()
    close_old_connections()
    assert connection.connection is None


@pytest.mark.parametrize("front", [True, False])
def test_a_call_within_this_process_leaves_its_caller_s_transaction_open(own_api, caller_s_database, front):
    with (
        override_settings(MACARON={**settings.MACARON, "FRONT": front}),
        kept_transaction(caller_s_database),
        pytest.raises(ErrorAnswered),
    ):
        apipool.myserver.client.get_profile(profile_id="nobody")


@pytest.mark.parametrize("front", [True, False])
def test_awaited_calls_within_this_process_leave_their_caller_s_transaction_open(own_api, caller_s_database, front):
    async def calls():
        answers = (apipool.myserver.aclient.get_profile(profile_id="nobody") for _ in range(3))
        return await asyncio.gather(*answers, return_exceptions=True)

    with override_settings(MACARON={**settings.MACARON, "FRONT": front}), kept_transaction(caller_s_database):
        assert [type(each) for each in async_to_sync(calls)()] == [ErrorAnswered] * 3  # they use this thread


def test_a_client_works_outside_of_a_request(parcels, service):
    forget()
    assert parcels.listParcels() == []
    assert "pymcallpath" not in service.received[0].headers
