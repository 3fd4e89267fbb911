"""The embedded engine as a real process, shared, killed and taken over by real processes."""

from __future__ import annotations

import errno
import http.server
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from macaron_django.dynamodb.engines import embedded, shared_processes, supervisor
from macaron_django.dynamodb.engines.embedded import EmbeddedEngine, data_file, find_binary
from macaron_django.dynamodb.engines.supervisor import answers, ask
from macaron_django.exceptions import EngineUnavailable
from tests.conftest import PATIENCE


def state_of(engine: EmbeddedEngine) -> dict:
    return json.loads(engine.process.state_file.read_text())


def address_in(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def url_of(address: tuple[str, int]) -> str:
    return "http://{}:{}".format(*address)


def executable(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_started_engine_answers_and_says_so(engine, data):
    assert not engine.running
    assert engine.status() == f"embedded: not running, data in {data}"
    engine.start()
    assert engine.running
    assert engine.status().startswith(f"embedded: running at {engine.endpoint_url} (process ")
    assert engine.status().endswith(f"data in {data}")
    assert ask(engine.process.address, "ListTables", {}) == {"TableNames": []}


def test_reading_the_url_starts_the_engine(engine):
    assert answers(address_in(engine.endpoint_url))


def test_a_page_in_a_browser_cannot_find_the_engine(engine, data, tmp_path):
    host, port = address_in(engine.endpoint_url)
    other = EmbeddedEngine(tmp_path / "other.sqlite3")
    try:
        assert host != address_in(other.endpoint_url)[0]
    finally:
        other.shut_down()
    assert not answers(("127.0.0.1", port))
    assert not answers(("0.0.0.0", port))  # noqa: S104 (which browsers take for this machine)
    assert engine.process.state_file.stat().st_mode & 0o077 == 0


def test_an_engine_is_found_where_it_was_after_it_was_stopped(engine):
    address = engine.process.join()
    engine.shut_down()
    assert EmbeddedEngine(engine.path).process.join() == address


@pytest.mark.parametrize("known", [None, "", "10.0.0.1", "example.com", 7, "127.999.0.1", "::1"])
def test_only_addresses_of_the_loopback_network_are_chosen(known):
    host = supervisor.secret_host(known)
    assert host.startswith("127.")
    assert host not in {known, supervisor.LOOPBACK}
    assert supervisor.secret_host(host) == host


def test_a_system_with_one_loopback_address_uses_it(monkeypatch):
    class OnlyOne(socket.socket):
        def bind(self, address):
            if address[0] != "127.0.0.1":
                raise OSError(errno.EADDRNOTAVAIL, "Can't assign requested address")

    monkeypatch.setattr(supervisor.socket, "socket", OnlyOne)
    assert supervisor.secret_host() == "127.0.0.1"


def test_asking_for_the_status_starts_nothing_and_keeps_nothing_alive(engine, data, servers):
    assert "not running" in engine.status()
    assert not servers()
    assert not data.exists()


def test_processes_that_start_at_the_same_moment_share_one_server(start_user, servers):
    users = [start_user() for _ in range(6)]
    assert len({user.url() for user in users}) == 1
    assert len(servers()) == 1


def test_threads_that_start_at_the_same_moment_share_one_server(engine, servers):
    ports = []
    threads = [threading.Thread(target=lambda: ports.append(engine.endpoint_url)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ports) == 8
    assert len(set(ports)) == 1
    assert len(servers()) == 1


def test_the_server_outlives_the_process_that_started_it_and_ends_with_the_last_one(start_user, servers, eventually):
    first, second = start_user(), start_user()
    address = first.address
    assert second.address == address
    first.end(signal.SIGKILL)
    assert answers(address)
    second.end(signal.SIGKILL)
    eventually(lambda: not servers())
    assert not answers(address)


def test_control_c_in_the_terminal_reaches_the_users_and_not_the_server(start_user, engine, servers):
    user = start_user()
    address = user.address
    engine.start()
    user.end(signal.SIGINT)  # sent to its whole process group, as a terminal does
    assert user.process.returncode == 0
    assert answers(address)
    assert len(servers()) == 1


def test_the_next_start_finds_the_data_of_the_last_one(engine, make_table):
    engine.start()
    make_table(engine.process.address)
    ask(engine.process.address, "PutItem", {"TableName": "things", "Item": {"id": {"S": "1"}}})
    engine.stop()
    assert engine.wait_for_end(PATIENCE)
    engine.start()
    assert ask(engine.process.address, "GetItem", {"TableName": "things", "Key": {"id": {"S": "1"}}})["Item"]


def test_a_newcomer_in_the_moment_of_the_end_gets_a_server(start_user):
    for pause in (0, 0.1, 0.15, 0.2, 0.25):
        user = start_user()
        assert answers(user.address)
        user.end()
        time.sleep(pause)  # the supervisor sees within POLL seconds that it is alone


def test_acknowledged_writes_survive_the_death_of_everything(start_user, engine, make_table, servers, eventually):
    user = start_user()
    address = user.address
    make_table(address)
    for number in range(20):
        ask(address, "PutItem", {"TableName": "things", "Item": {"id": {"S": str(number)}}})
    os.kill(state_of(engine)["pid"], signal.SIGKILL)
    for server in servers():
        os.kill(server, signal.SIGKILL)
    user.end(signal.SIGKILL)
    eventually(lambda: not servers())
    engine.start()
    assert ask(engine.process.address, "Scan", {"TableName": "things", "Select": "COUNT"})["Count"] == 20


def test_a_server_that_crashes_is_restarted_where_it_was_with_its_data(engine, make_table, servers, eventually):
    engine.start()
    address = engine.process.address
    make_table(address)
    [server] = servers()
    os.kill(server, signal.SIGKILL)
    eventually(lambda: servers() not in ([], [server]) and answers(address))
    assert ask(address, "ListTables", {}) == {"TableNames": ["things"]}


def test_a_server_that_is_killed_again_and_again_comes_back_every_time(engine, make_table, servers, eventually):
    engine.start()
    address = engine.process.address
    make_table(address)
    for number in range(8):
        ask(address, "PutItem", {"TableName": "things", "Item": {"id": {"S": str(number)}}})
        for server in servers():
            os.kill(server, signal.SIGKILL)
        eventually(lambda: answers(engine.process.address))
        address = engine.process.address  # another one, if another program has taken the port meanwhile
    assert ask(address, "Scan", {"TableName": "things", "Select": "COUNT"})["Count"] == 8


def test_a_server_whose_supervisor_was_killed_is_ended_by_the_next_start(start_user, engine, servers, eventually):
    user = start_user()
    address = user.address
    [orphan] = servers()
    os.kill(state_of(engine)["pid"], signal.SIGKILL)
    eventually(lambda: not engine.process.running())
    assert answers(address)
    engine.start()
    assert engine.process.address == address  # so that the first user goes on without noticing
    assert len(servers()) == 1
    assert servers() != [orphan]


def test_starting_again_after_the_engine_was_stopped_for_everybody_is_enough(engine):
    engine.start()
    assert engine.shut_down()
    assert not engine.running
    engine.start()
    assert engine.running


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 999999999, "port": 1}', '{"port": "x", "pid": null}'])
def test_a_stale_or_damaged_lock_file_is_recovered(engine, content):
    engine.process.state_file.write_text(content)
    assert not engine.running
    engine.start()
    assert engine.running


def test_a_pid_that_has_been_reused_is_left_alone(engine, start_user, data):
    """The lock file names a process that lives, but isn't the engine."""
    bystander = start_user()
    bystander.url()
    EmbeddedEngine(data).shut_down()
    state = {"pid": bystander.process.pid, "engine_pid": bystander.process.pid, "port": 1}
    engine.process.state_file.write_text(json.dumps({**state, "engine_command": ["dynoxide", "serve"]}))
    assert not engine.running
    assert not engine.shut_down()
    engine.start()
    assert engine.running
    assert bystander.process.poll() is None


def test_a_port_that_something_else_answers_now_is_not_taken_for_the_engine(engine):
    class Something(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"hello": "I am something else"}')

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Something) as other:
        threading.Thread(target=other.serve_forever).start()
        try:
            address = other.server_address[:2]
            engine.process.state_file.write_text(json.dumps({"pid": os.getpid(), "port": address[1]}))
            assert not answers(address)
            engine.start()
            assert engine.process.address != address
            assert engine.running
        finally:
            other.shutdown()


def test_deleted_lock_files_never_lead_to_two_servers_over_one_data_file(start_user, engine, servers, eventually):
    user = start_user()
    user.url()
    engine.process.state_file.unlink()
    engine.process.users_file.unlink()
    eventually(lambda: not servers())
    engine.start()
    assert len(servers()) == 1


def test_a_user_whose_lock_files_were_deleted_finds_or_starts_the_next_server(start_user, engine, servers, eventually):
    engine.start()
    engine.process.state_file.unlink()
    engine.process.users_file.unlink()
    eventually(lambda: not servers())
    newcomer = start_user()
    address = newcomer.address
    engine.look_again()
    assert engine.endpoint_url == url_of(address)
    newcomer.end()
    assert answers(address)
    assert len(servers()) == 1


def test_a_user_follows_the_server_to_another_port(start_user, engine, eventually):
    engine.start()
    address = engine.process.address
    engine.shut_down()
    with socket.create_server(address):
        newcomer = start_user()
        other = newcomer.address
        assert other != address
        engine.look_again()
        assert engine.endpoint_url == url_of(other)


def test_a_user_starts_the_server_again_whose_supervisor_was_killed_with_it(engine, servers, eventually):
    engine.start()
    for pid in (state_of(engine)["pid"], *servers()):
        os.kill(pid, signal.SIGKILL)
    # A process that is killed holds its locks until the kernel has taken it down.
    eventually(lambda: not servers() and engine.process._look() is None)
    engine.look_again()
    assert answers(address_in(engine.endpoint_url))
    assert len(servers()) == 1


def test_a_server_that_was_stopped_on_purpose_stays_so(engine, servers):
    engine.start()
    url = engine.endpoint_url
    engine.shut_down()
    engine.look_again()
    assert engine.endpoint_url == url
    assert not servers()


def test_a_data_file_that_is_deleted_under_the_server_gets_a_new_one(engine, data, make_table, eventually):
    engine.start()
    address = engine.process.address
    make_table(address)
    for path in data.parent.glob("dynamodb.sqlite3*"):
        if not path.name.endswith((".lock", ".log")):
            path.unlink()
    eventually(lambda: data.exists() and answers(address))
    assert ask(address, "ListTables", {}) == {"TableNames": []}


FORKING = """
import os, sys
from pathlib import Path
from django.conf import settings
settings.configure()
from macaron_django.dynamodb.engines.embedded import EmbeddedEngine
engine = EmbeddedEngine(Path(sys.argv[1]))
engine.start()
if os.fork():
    os.write(1, "{} {}\\n".format(*engine.process.address).encode())
    os._exit(0)
sys.stdin.read()
"""


def test_children_made_by_fork_keep_the_server_after_their_parent(data, eventually):
    parent = subprocess.Popen(
        [sys.executable, "-c", FORKING, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:  # closes the child's standard input at the end
        host, port = parent.stdout.readline().split()
        address = (host, int(port))
        parent.wait()
        assert not EmbeddedEngine(data).wait_for_end(0.6)
        assert answers(address)
    eventually(lambda: not answers(address))


def test_memory_is_a_process_s_own_and_leaves_nothing_behind(eventually):
    first, second = EmbeddedEngine(None), EmbeddedEngine(None)
    folders = [engine.process.state_file.parent for engine in (first, second)]
    assert not any(folder.exists() for folder in folders)
    first.start()
    second.start()
    try:
        assert first.endpoint_url != second.endpoint_url
        assert first.status().endswith("data in memory")
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700, 0o700]
    finally:
        first.stop()
        second.stop()
    eventually(lambda: not any(folder.exists() for folder in folders))


def test_memory_whose_server_does_not_start_leaves_nothing_behind(tmp_path, eventually):
    engine = EmbeddedEngine(None)
    with (
        override_settings(MACARON={"DYNAMODB": {"BINARY": executable(tmp_path / "broken", "#!/bin/sh\nexit 1\n")}}),
        pytest.raises(EngineUnavailable),
    ):
        engine.start()
    eventually(lambda: not engine.process.state_file.parent.exists())


def test_memory_without_a_binary_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr(embedded, "find_binary", lambda: None)
    engine = EmbeddedEngine(None)
    with pytest.raises(ImproperlyConfigured):
        engine.start()
    assert not engine.process.state_file.parent.exists()


def test_a_server_that_does_not_start_is_quoted(engine, tmp_path):
    binary = executable(tmp_path / "broken", "#!/bin/sh\necho 'the disk is made of cheese' >&2\nexit 3\n")
    with override_settings(MACARON={"DYNAMODB": {"BINARY": binary}}), pytest.raises(EngineUnavailable) as caught:
        engine.start()
    assert "exit code 3" in str(caught.value)
    assert "the disk is made of cheese" in str(caught.value)
    engine.start()  # with the right binary, nothing has to be cleaned up first
    assert engine.running


def test_a_data_file_that_cannot_be_opened_is_explained_by_the_server(tmp_path):
    (tmp_path / "dynamodb.sqlite3").write_text("this is no SQLite file, and it is longer than its header is" * 20)
    with pytest.raises(EngineUnavailable, match=r"(?s)dynamodb\.sqlite3 can.t start: .*not a valid SQLite database"):
        EmbeddedEngine(tmp_path / "dynamodb.sqlite3").start()


def test_a_server_that_never_answers_is_given_up(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_processes, "START_TIMEOUT", 3)
    binary = executable(tmp_path / "mute", "#!/bin/sh\necho 'thinking'\nexec sleep 60\n")
    with (
        override_settings(MACARON={"DYNAMODB": {"BINARY": binary}}),
        pytest.raises(EngineUnavailable, match=r"No answer in 3 s.\n?thinking"),
    ):
        engine.start()


def test_a_server_that_always_ends_right_after_its_start_is_given_up(engine, tmp_path, servers):
    real = str(find_binary())
    binary = executable(
        tmp_path / "brittle",
        f"#!{sys.executable}\nimport os, pathlib, socket, subprocess, sys, time\n"
        f"real, started = {real!r}, pathlib.Path({str(tmp_path / 'started')!r})\n"
        "if not started.exists():\n    started.touch()\n    os.execv(real, [real, *sys.argv[1:]])\n"
        "server = subprocess.Popen([real, *sys.argv[1:]])\n"
        'address = (sys.argv[sys.argv.index("--host") + 1], int(sys.argv[sys.argv.index("--port") + 1]))\n'
        "while socket.socket().connect_ex(address):\n    time.sleep(0.01)\n"
        "time.sleep(0.25)\nserver.kill()\nsys.exit(9)\n",
    )
    with override_settings(MACARON={"DYNAMODB": {"BINARY": binary}}):
        engine.start()
        [server] = servers()
        os.kill(server, signal.SIGKILL)
        assert engine.wait_for_end(PATIENCE)
        assert re.search(r"(?s)failed to start 10 times in a row\..* exit code 9", state_of(engine)["error"])


def test_a_server_that_ends_while_it_is_started_again_is_started_once_more(engine, tmp_path, servers, eventually):
    """So does a server that is killed before the supervisor has seen that it answers."""
    starts = tmp_path / "starts"
    binary = executable(
        tmp_path / "sickly",
        f'#!/bin/sh\necho start >> {starts}\n[ $(wc -l < {starts}) -eq 2 ] && exit 7\nexec {find_binary()} "$@"\n',
    )
    with override_settings(MACARON={"DYNAMODB": {"BINARY": binary}}):
        engine.start()
        [server] = servers()
        os.kill(server, signal.SIGKILL)
        eventually(lambda: len(starts.read_text().splitlines()) == 3)
        eventually(lambda: answers(engine.process.address))


def test_a_server_that_hangs_when_it_is_started_again_is_given_up_at_once(engine, tmp_path, servers, monkeypatch):
    monkeypatch.setattr(shared_processes, "START_TIMEOUT", 3)
    starts = tmp_path / "starts"
    binary = executable(
        tmp_path / "hanging",
        f"#!/bin/sh\necho start >> {starts}\n[ $(wc -l < {starts}) -gt 1 ] && exec sleep 60\n"
        f'exec {find_binary()} "$@"\n',
    )
    with override_settings(MACARON={"DYNAMODB": {"BINARY": binary}}):
        engine.start()
        [server] = servers()
        os.kill(server, signal.SIGKILL)
        assert engine.wait_for_end(PATIENCE)
        assert "No answer in 3 s" in state_of(engine)["error"]
        assert len(starts.read_text().splitlines()) == 2


def test_a_server_that_cannot_be_started_again_is_given_up_with_the_reason(engine, tmp_path, servers):
    moved = tmp_path / "dynoxide"
    shutil.copy(find_binary(), moved)
    with override_settings(MACARON={"DYNAMODB": {"BINARY": moved}}):
        engine.start()
        moved.unlink()
        [server] = servers()
        os.kill(server, signal.SIGKILL)
        assert engine.wait_for_end(PATIENCE)
        assert re.search(r"failed to start 10 times in a row\..*No such file", state_of(engine)["error"])


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EngineUnavailable, match=r"file.*MACARON\['DYNAMODB'\]\['PATH'\]"):
        EmbeddedEngine(tmp_path / "file" / "dynamodb.sqlite3").start()


def test_windows_is_told_what_it_lacks(engine, monkeypatch):
    monkeypatch.setattr(shared_processes.sys, "platform", "win32")
    with pytest.raises(ImproperlyConfigured, match=r"flock.*WSL"):
        engine.start()


class TestFindingTheBinary:
    def test_the_path_in_the_settings_comes_first(self, tmp_path):
        binary = executable(tmp_path / "dynoxide", "")
        with override_settings(MACARON={"DYNAMODB": {"BINARY": binary}}):
            assert find_binary() == Path(binary)

    def test_a_path_in_the_settings_that_leads_nowhere_is_an_error(self, tmp_path):
        with (
            override_settings(MACARON={"DYNAMODB": {"BINARY": tmp_path / "nowhere"}}),
            pytest.raises(ImproperlyConfigured, match="nowhere"),
        ):
            find_binary()

    def test_npm_s_is_found_below_the_project_and_its_parents(self, tmp_path, monkeypatch):
        monkeypatch.setattr(embedded.sys, "platform", "plan9")
        monkeypatch.setattr(embedded.platform, "machine", lambda: "x86_64")
        (tmp_path / "site" / "src").mkdir(parents=True)
        folder = tmp_path / "node_modules" / "@dynoxide" / "plan9-x64"
        folder.mkdir(parents=True)
        binary = executable(folder / "dynoxide", "")
        with override_settings(BASE_DIR=tmp_path / "site" / "src"):
            assert find_binary() == Path(binary)

    def test_the_checkout_s_own_is_found_from_anywhere(self, tmp_path):
        with override_settings(BASE_DIR=tmp_path):
            found = find_binary()
        assert found is not None
        assert found.parts[-4:-2] == ("node_modules", "@dynoxide")

    def test_path_comes_last(self, tmp_path, monkeypatch):
        monkeypatch.setattr(embedded, "node_modules", lambda: iter(()))
        monkeypatch.setenv("PATH", str(tmp_path))
        assert find_binary() is None
        binary = executable(tmp_path / "dynoxide", "")
        assert find_binary() == Path(binary)

    def test_none_at_all_is_an_error_with_the_remedy(self, engine, monkeypatch):
        monkeypatch.setattr(embedded, "find_binary", lambda: None)
        with pytest.raises(ImproperlyConfigured, match="npm install --no-save @dynoxide/linux-x64"):
            engine.start()


class TestTheDataFile:
    def test_lies_beside_django_s_sqlite_file(self, tmp_path, monkeypatch):
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "var" / "db.sqlite3"}
        monkeypatch.setattr(settings, "DATABASES", {"default": database})
        assert data_file() == tmp_path / "var" / "dynamodb.sqlite3"

    @pytest.mark.parametrize(
        "database",
        [
            {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
            {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:memorydb?mode=memory"},
            {"ENGINE": "django.db.backends.postgresql", "NAME": "shop"},
            {},
        ],
    )
    def test_lies_in_the_base_folder_where_django_has_no_such_file(self, tmp_path, database, monkeypatch):
        monkeypatch.setattr(settings, "DATABASES", {"default": database})
        with override_settings(BASE_DIR=tmp_path):
            assert data_file() == tmp_path / "dynamodb.sqlite3"

    def test_lies_where_the_settings_say(self, tmp_path):
        with override_settings(MACARON={"DYNAMODB": {"PATH": str(tmp_path / "x.sqlite3")}}):
            assert data_file() == tmp_path / "x.sqlite3"


def test_the_supervisor_needs_nothing_but_the_standard_library():
    assert "macaron_django" not in Path(supervisor.__file__).read_text().split("__all__", 1)[0].split('"""', 2)[2]


DAMAGED = [
    b"",
    b"\0" * 100,
    b"[" * 60_000,
    b'{"previous": ' * 5000,
    b"[]",
    b"7",
    json.dumps({"pid": "x", "port": []}).encode(),
    json.dumps({"pid": -1, "port": 70_000}).encode(),
    json.dumps({"pid": 10**30, "port": -1, "engine_pid": 10**30, "engine_command": ["x"]}).encode(),
    json.dumps({"pid": True, "port": 1e300, "token": {}, "error": []}).encode(),
    json.dumps({"previous": {"port": 10**9, "engine_pid": -1, "engine_command": 7}}).encode(),
    json.dumps({"previous": [], "engine_pid": 4, "engine_command": {"a": 1}}).encode(),
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_lock_file_stops_no_command(engine, data, content):
    engine.process.state_file.parent.mkdir(parents=True, exist_ok=True)
    engine.process.state_file.write_bytes(content)
    assert "not running" in engine.status()
    assert not engine.running
    assert not engine.shut_down()
    engine.look_again()
    engine.start()
    assert ask(engine.process.address, "ListTables", {}) == {"TableNames": []}
    while_running = engine.process.state_file.read_bytes()
    engine.process.state_file.write_bytes(content)
    assert "not running" in engine.status()
    assert not engine.shut_down()
    engine.look_again()
    engine.process.state_file.write_bytes(while_running)
    assert engine.running


CALL = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(MACARON={"DYNAMODB": {"FAST_LANE": sys.argv[2] == "lane"}})
from macaron_django.dynamodb import engines
from macaron_django.dynamodb.calls.clients import clients
from macaron_django.dynamodb.engines.embedded import EmbeddedEngine
with engines.use(EmbeddedEngine(Path(sys.argv[1]))):
    print(clients.current().client.list_tables()["TableNames"])
"""
PROXY = "http://127.0.0.1:9"
SURROUNDINGS = {
    "proxies": {"HTTP_PROXY": PROXY, "http_proxy": PROXY, "HTTPS_PROXY": PROXY, "ALL_PROXY": PROXY},
    "a stale profile": {"AWS_PROFILE": "gone"},
    "files that can't be parsed": {"AWS_CONFIG_FILE": "{file}", "AWS_SHARED_CREDENTIALS_FILE": "{file}"},
    "files that can't be read": {"AWS_CONFIG_FILE": "/", "AWS_SHARED_CREDENTIALS_FILE": "/proc/self/mem"},
    "a home without files": {"HOME": "/nowhere"},
    "settings of AWS's": {
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_DEFAULTS_MODE": "odd",
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_RETRY_MODE": "odd",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
        "AWS_SESSION_TOKEN": "odd",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "odd",
    },
}


@pytest.mark.parametrize("lane", ["lane", "botocore"])
@pytest.mark.parametrize("name", list(SURROUNDINGS))
def test_what_is_meant_for_aws_doesnt_stop_an_engine_of_this_machine(data, tmp_path, name, lane):
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"\xff\xfe[not = ini\0")
    surroundings = {key: value.replace("{file}", str(damaged)) for key, value in SURROUNDINGS[name].items()}
    done = subprocess.run(
        [sys.executable, "-c", CALL, str(data), lane],
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr[-2000:]
