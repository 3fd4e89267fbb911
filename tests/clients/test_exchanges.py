"""What can be sent twice is retried within bounds; a host that fails is left alone; nothing leaks to other hosts."""

import asyncio
import contextlib
import logging
import socket
import ssl
import subprocess
import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import httpx
import pytest

from macaron_django import apipool
from macaron_django.attempts import CircuitRules
from macaron_django.clients.client_options import client_options
from macaron_django.clients.messages.call_requests import CallRequest
from macaron_django.clients.sending.channels import Channel
from macaron_django.clients.sending.exchanges import ServiceExchange
from macaron_django.clients.sending.host_states import HostState
from macaron_django.clients.sending.token_grants import TokenCache
from macaron_django.exceptions import (
    AnswerInvalid,
    CallOutcomeUnknown,
    CircuitOpen,
    ErrorAnswered,
    ServiceError,
    ServiceUnavailable,
)
from tests.clients.conftest import PARCEL, Reply, Service, client_settings
from tests.conftest import PATIENCE, free_port

DROPPED = Reply(first=lambda: False)
BUSY = Reply(503, {"status": 503, "error": "BUSY"})


@pytest.mark.parametrize("failure", [DROPPED, BUSY, Reply(429), Reply(502), Reply(504)])
def test_what_can_be_sent_twice_is_sent_again(parcels, service, failure):
    service.answers(failure, failure, Reply(200, PARCEL))
    assert parcels.replaceParcel({"weight": 1.5}, parcel_id="p1").weight == 1.5
    assert [(each.method, each.body) for each in service.received] == [("PUT", b'{"weight":1.5}')] * 3


def test_a_multipart_form_of_an_idempotent_operation_could_be_sent_again_and_others_are_not(parcels, service):
    service.answers(BUSY)
    with pytest.raises(ErrorAnswered):
        parcels.send_parcel({"weight": 1})
    assert len(service.received) == 1


def test_it_isn_t_known_whether_a_call_was_carried_out_to_which_no_answer_came(parcels, service):
    service.answers(DROPPED)
    with pytest.raises(CallOutcomeUnknown) as caught:
        parcels.send_parcel({"weight": 1})
    assert (caught.value.status, len(service.received)) == (503, 1)


def test_attempts_are_bounded_and_the_last_answer_counts(parcels, service):
    service.answers(BUSY)
    with pytest.raises(ErrorAnswered) as caught:
        parcels.get_parcel(parcel_id="p1")
    assert (caught.value.status_code, len(service.received)) == (503, 3)
    with pytest.raises(ErrorAnswered):
        parcels.get_parcel(parcel_id="p1", max_attempts=1)
    assert len(service.received) == 4


def test_a_call_that_was_never_sent_is_tried_again_whatever_it_does():
    with client_settings(BASE_URL=f"http://127.0.0.1:{free_port()}"), pytest.raises(ServiceUnavailable) as caught:
        apipool.parcels.client.send_parcel({"weight": 1})
    assert not isinstance(caught.value, CallOutcomeUnknown)
    assert "can't be reached" in str(caught.value)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_pause_that_is_asked_for_and_too_long_ends_the_call(parcels, service, form):
    later = format_datetime(datetime.now(timezone.utc) + timedelta(hours=1), usegmt=True)
    service.answers(Reply(503, None, {"Retry-After": "3600" if form == "seconds" else later}))
    with pytest.raises(ErrorAnswered) as caught:
        parcels.get_parcel(parcel_id="p1")
    assert len(service.received) == 1
    assert caught.value.headers_sent["retry-after"]


def test_a_pause_that_is_asked_for_is_made(parcels, service, monkeypatch):
    paused = []
    monkeypatch.setattr("macaron_django.clients.sending.exchanges.time.sleep", paused.append)
    service.answers(Reply(503, None, {"Retry-After": "2"}), Reply(200, PARCEL))
    assert parcels.get_parcel(parcel_id="p1").weight == 1.5
    [seconds] = paused
    assert seconds >= 2


@pytest.mark.parametrize(
    "pause", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"]
)
def test_a_pause_that_no_calendar_has_is_not_one(parcels, service, pause):
    service.answers(Reply(503, None, {"Retry-After": pause}), Reply(200, PARCEL))
    assert parcels.get_parcel(parcel_id="p1").weight == 1.5


def test_no_call_outlasts_its_deadline(service):
    released = threading.Event()
    service.answers(Reply(200, PARCEL, first=lambda: released.wait(PATIENCE)))
    with client_settings(BASE_URL=service.url, DEADLINE=0.2), pytest.raises(ServiceUnavailable, match="in time"):
        apipool.parcels.client.get_parcel(parcel_id="p1")
    released.set()


def test_an_answer_that_trickles_is_cut_off_at_the_deadline():
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def trickle():
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            with contextlib.suppress(OSError):  # the client has hung up
                while not stop.wait(0.02):
                    connection.sendall(b" ")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with client_settings(BASE_URL=url, DEADLINE=0.5, MAX_ATTEMPTS=1), pytest.raises(ServiceUnavailable):
            apipool.parcels.client.get_parcel(parcel_id="p1")
    finally:
        stop.set()
        thread.join()
        listening.close()


def test_a_host_gets_few_retries_in_the_long_run(service):
    service.answers(BUSY)
    with client_settings(BASE_URL=service.url, CIRCUIT_FAILURES=None, RETRY_BUDGET=0.1):
        for _ in range(40):
            with pytest.raises(ErrorAnswered):
                apipool.parcels.client.get_parcel(parcel_id="p1")
    assert 40 + 10 <= len(service.received) <= 40 + 15  # ten at first, and one for ten calls


def test_a_host_that_fails_is_left_alone_and_tried_again_later(service):
    service.answers(BUSY)
    options = {"BASE_URL": service.url, "CIRCUIT_FAILURES": 4, "MAX_ATTEMPTS": 1}
    with client_settings(**options, CIRCUIT_SECONDS=1000):
        for _ in range(4):
            with pytest.raises(ErrorAnswered):
                apipool.parcels.client.get_parcel(parcel_id="p1")
        with pytest.raises(CircuitOpen) as caught:
            apipool.parcels.client.get_parcel(parcel_id="p1")
        assert (caught.value.api, int(caught.value.headers["Retry-After"]) > 900) == ("parcels", True)
        assert len(service.received) == 4
    service.answers(Reply(200, PARCEL))
    with client_settings(**options, CIRCUIT_SECONDS=0.000001):
        assert apipool.parcels.client.get_parcel(parcel_id="p1").weight == 1.5
    with client_settings(**options, CIRCUIT_SECONDS=1000):
        assert apipool.parcels.client.get_parcel(parcel_id="p1").weight == 1.5


def test_an_open_circuit_lets_one_call_through_at_a_time():
    now, rules = [0.0], CircuitRules(3, 10, 10, 10)
    state = HostState("https://a.test:443", lambda: now[0])
    for _ in range(3):
        state.circuit.failed(rules, state.admit(rules))
    with pytest.raises(CircuitOpen):
        state.admit(rules)
    now[0] = 11.0
    trial = state.admit(rules)
    with pytest.raises(CircuitOpen):
        state.admit(rules)
    state.circuit.failed(rules, trial)
    now[0] = 20.0
    with pytest.raises(CircuitOpen):
        state.admit(rules)
    now[0] = 22.0
    state.admit(rules)
    state.circuit.succeeded()
    state.admit(rules)
    state.admit(rules)


@pytest.mark.parametrize("ending", [GeneratorExit, httpx.LocalProtocolError("no such header")])
def test_a_trial_that_is_not_sent_or_not_waited_for_lets_the_next_call_through(ending):
    state, tokens = HostState("http://a.test:80"), TokenCache()
    exchange = ServiceExchange(Channel("parcels", lambda: None), lambda _: state, tokens)
    call = CallRequest(
        "parcels", None, "", "GET /parcels", "GET", "http://a.test/parcels", "", {}, None, True, 1.0, 1.0, 1
    )
    with client_settings(BASE_URL="http://a.test", CIRCUIT_FAILURES=1, CIRCUIT_SECONDS=1000, MAX_ATTEMPTS=1):
        options = client_options("parcels")
    rules = CircuitRules(1, 1000, 1000, 1000)
    state.circuit.failed(rules)
    with pytest.raises(ServiceError):
        next(exchange.answer(call, options))
    state.circuit._since = float("-inf")  # the pause is over
    steps = exchange.answer(call, options)
    next(steps)
    with pytest.raises(CircuitOpen):
        state.admit(rules)
    with pytest.raises((GeneratorExit, ServiceError)):
        steps.throw(ending)
    assert state.admit(rules) > 0


def test_an_answer_that_can_t_be_read_closes_the_circuit_since_the_host_answers(service):
    service.answers(BUSY)
    options = {"BASE_URL": service.url, "CIRCUIT_FAILURES": 2, "MAX_ATTEMPTS": 1}
    with client_settings(**options, CIRCUIT_SECONDS=1000):
        for _ in range(2):
            with pytest.raises(ErrorAnswered):
                apipool.parcels.client.get_parcel(parcel_id="p1")
    service.answers(Reply(200, b"not packed", {"content-encoding": "gzip"}), Reply(200, PARCEL))
    with client_settings(**options, CIRCUIT_SECONDS=0.000001), pytest.raises(AnswerInvalid):
        apipool.parcels.client.get_parcel(parcel_id="p1")
    with client_settings(**options, CIRCUIT_SECONDS=1000):
        assert apipool.parcels.client.get_parcel(parcel_id="p1").weight == 1.5


def test_errors_of_the_client_s_own_making_open_no_circuit(service):
    service.answers(Reply(404, {"status": 404, "error": "NONE"}))
    with client_settings(BASE_URL=service.url, CIRCUIT_FAILURES=2):
        for _ in range(5):
            with pytest.raises(ErrorAnswered):
                apipool.parcels.client.get_parcel(parcel_id="p1")
    assert len(service.received) == 5


# ------------------------------------------------------------------ redirects and secrets


def test_redirects_are_errors_unless_they_are_to_be_followed(parcels, service):
    service.answers(Reply(302, None, {"Location": "/elsewhere"}))
    with pytest.raises(ErrorAnswered) as caught:
        parcels.get_parcel(parcel_id="p1")
    assert (caught.value.status_code, len(service.received)) == (302, 1)


def test_redirects_are_followed_on_the_same_host_only(service):
    other = Service()
    try:
        with client_settings(BASE_URL=service.url, CREDENTIALS={"token": "s3cret"}, FOLLOW_REDIRECTS=True):
            service.answers(Reply(302, None, {"Location": "/moved?to=1"}), Reply(200, PARCEL))
            assert apipool.parcels.client.get_parcel(parcel_id="p1").weight == 1.5
            assert [each.target for each in service.received] == ["/parcels/p1", "/moved?to=1"]
            assert service.received[1].headers["authorization"] == "Bearer s3cret"
            for place in (other.url + "/steal", other.url.replace("http:", "") + "/steal", "https:" + service.url[5:]):
                service.answers(Reply(307, None, {"Location": place}))
                with pytest.raises(ErrorAnswered):
                    apipool.parcels.client.get_parcel(parcel_id="p1")
            service.answers(Reply(302, None, {"Location": "/again"}))
            before = len(service.received)
            with pytest.raises(ErrorAnswered):
                apipool.parcels.client.get_parcel(parcel_id="p1")
            assert len(service.received) - before == 6  # once, and five redirects
    finally:
        other.stop()
    assert other.received == []


@pytest.mark.parametrize("place", ["https://[a", "//a:99999999/", "http://{user}/", "http:///a", "\x01:", "{port}"])
def test_a_redirect_that_leads_nowhere_is_an_error_answer(service, place):
    host = service.url.removeprefix("http://")
    place = place.replace("{user}", f"me:pw@{host}").replace("{port}", f"http://{host}0000000/")
    with client_settings(BASE_URL=service.url, FOLLOW_REDIRECTS=True):
        service.answers(Reply(302, None, {"Location": place}), Reply(307))
        with pytest.raises(ErrorAnswered):
            apipool.parcels.client.get_parcel(parcel_id="p1")
    assert all("authorization" not in each.headers for each in service.received)


def test_a_redirect_is_percent_encoded(service):
    with client_settings(BASE_URL=service.url, FOLLOW_REDIRECTS=True):
        service.answers(Reply(302, None, {"Location": "/\xe4 b?\xfc=%41"}), Reply(200, PARCEL))
        assert apipool.parcels.client.get_parcel(parcel_id="p1").weight == 1.5
    assert service.received[1].target == "/%C3%A4%20b?%C3%BC=%41"


def test_no_call_sends_the_cookies_that_another_has_received(parcels, service):
    service.answers(Reply(200, PARCEL, {"Set-Cookie": "session=somebody; Path=/"}))

    async def twice():
        for _ in range(2):
            await apipool.parcels.aclient.get_parcel(parcel_id="p1")

    for _ in range(2):
        parcels.get_parcel(parcel_id="p1")
    asyncio.run(twice())
    assert ["cookie" in each.headers for each in service.received] == [False] * 4


def test_no_secret_is_in_a_log_or_an_error(service, caplog):
    secrets = {"token": "s3cret-token", "query_key": "s3cret-key"}
    with client_settings(BASE_URL=service.url, CREDENTIALS=secrets, MAX_ATTEMPTS=1), caplog.at_level(logging.DEBUG):
        client = apipool.parcels.client
        service.answers(Reply(200, b"ok", {"content-type": "text/plain"}))
        assert client.byKey() == "ok"
        assert service.received[0].query == "key=s3cret-key"
        for reply in (DROPPED, BUSY, Reply(200, {"weight": "s3cret-answer"})):
            service.answers(reply)
            for call in (client.byKey, lambda: client.get_parcel(parcel_id="p1")):
                with pytest.raises(ServiceError) as caught:
                    call()
                shown = [
                    repr(caught.value),
                    str(caught.value),
                    repr(caught.value.__cause__),
                    str(caught.value.__cause__),
                ]
                assert not any("s3cret" in text for text in shown)
    assert "GET" in caplog.text  # httpx has logged the calls
    assert "s3cret" not in caplog.text


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path, service):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    service.server.socket = context.wrap_socket(service.server.socket, server_side=True)
    service.answers(Reply(200, PARCEL))
    url = service.url.replace("http:", "https:")
    with client_settings(BASE_URL=url), pytest.raises(ServiceUnavailable):
        apipool.parcels.client.get_parcel(parcel_id="p1")
    assert service.received == []
    with client_settings(BASE_URL=url, VERIFY=str(certificate)):
        assert apipool.parcels.client.get_parcel(parcel_id="p1").weight == 1.5


# ------------------------------------------------------------------ OAuth 2


@pytest.fixture
def token_server():
    made = Service()
    yield made
    made.stop()


def grant(server, **more):
    return {"grant": {"client_id": "me", "client_secret": "s3 cret", "token_url": server.url + "/token", **more}}


OK = Reply(200, b"ok", {"content-type": "text/plain"})


def test_a_token_is_got_once_and_kept(service, token_server):
    token_server.answers(Reply(200, {"access_token": "t1", "token_type": "Bearer", "expires_in": 3600}))
    service.answers(OK)
    with client_settings(BASE_URL=service.url, CREDENTIALS=grant(token_server)):
        assert [apipool.parcels.client.byGrant() for _ in range(3)] == ["ok"] * 3
    assert [each.headers["authorization"] for each in service.received] == ["Bearer t1"] * 3
    [asked] = token_server.received
    assert (asked.method, asked.body) == ("POST", b"grant_type=client_credentials&scope=parcels%3Aread")
    assert asked.headers["authorization"] == "Basic bWU6czMrY3JldA=="  # me:s3+cret


def test_a_token_that_ends_soon_isn_t_kept(service, token_server):
    token_server.answers(Reply(200, {"access_token": "t1", "expires_in": 10}))
    service.answers(OK)
    with client_settings(BASE_URL=service.url, CREDENTIALS=grant(token_server)):
        apipool.parcels.client.byGrant()
        apipool.parcels.client.byGrant()
    assert len(token_server.received) == 2


def test_a_token_that_was_revoked_is_replaced_once(service, token_server):
    token_server.answers(*(Reply(200, {"access_token": f"t{n}", "expires_in": 3600}) for n in (1, 2)))
    service.answers(OK, Reply(401), OK)
    with client_settings(BASE_URL=service.url, CREDENTIALS=grant(token_server)):
        assert [apipool.parcels.client.byGrant() for _ in range(2)] == ["ok", "ok"]
        service.answers(Reply(401))
        with pytest.raises(ErrorAnswered):
            apipool.parcels.client.byGrant()
    assert [each.headers["authorization"][-2:] for each in service.received][:3] == ["t1", "t1", "t2"]
    assert len(token_server.received) == 3


def test_a_token_may_say_that_it_is_valid_for_ages(service, token_server):
    token_server.answers(Reply(200, b'{"access_token": "t1", "expires_in": 1%s}' % (b"0" * 400)))
    service.answers(OK)
    with client_settings(BASE_URL=service.url, CREDENTIALS=grant(token_server)):
        assert [apipool.parcels.client.byGrant() for _ in range(2)] == ["ok", "ok"]
    assert len(token_server.received) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, {"error": "invalid_client"}),
        Reply(200, {}),
        Reply(200, {"access_token": ""}),
        Reply(200, b"<p>"),
        Reply(200, {"access_token": "a\nb"}),
    ],
)
def test_without_a_token_nothing_is_sent_and_no_secret_shown(service, token_server, reply):
    token_server.answers(reply)
    with client_settings(BASE_URL=service.url, CREDENTIALS=grant(token_server)), pytest.raises(AnswerInvalid) as caught:
        apipool.parcels.client.byGrant()
    assert service.received == []
    assert "s3 cret" not in str(caught.value)
