"""Log records say whose request was served, through the logger and through the filter."""

from __future__ import annotations

import logging

import pytest

from macaron_django.auth import caller
from macaron_django.observability import UserFilter, log_to_stdout, pymlogger, root_logger, set_level


@pytest.fixture(autouse=True)
def _levels_and_users():
    names = ("", "macaron_django", "django", "pymacaron", "pymacaron_async", "boto3", "botocore", "urllib3", "pynamodb")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = logging.getLogger().handlers
    yield
    caller.forget()
    logging.getLogger().handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_a_record_carries_the_user_who_is_served(caplog):
    caller.remember({"sub": "ada"})
    with caplog.at_level(logging.DEBUG):
        log = pymlogger("shop")
        log.info("sold %s", 3, extra={"order": 7})
        log.debug("a")
        log.warn("b")  # noqa: G010 (PyMacaron has it)
        log.warning("c")
        log.error("d")
    assert [(r.name, r.levelname, r.getMessage(), r.USER_ID) for r in caplog.records] == [
        ("shop", "INFO", "sold 3", " [ada]"),
        ("shop", "DEBUG", "a", " [ada]"),
        ("shop", "WARNING", "b", " [ada]"),
        ("shop", "WARNING", "c", " [ada]"),
        ("shop", "ERROR", "d", " [ada]"),
    ]
    assert caplog.records[0].order == 7
    assert {record.filename for record in caplog.records} == {"test_log_records.py"}


def test_nobody_is_an_empty_text(caplog):
    with caplog.at_level(logging.INFO):
        pymlogger().info("started")
    assert (caplog.records[0].name, caplog.records[0].USER_ID) == ("macaron_django", "")


def test_no_user_begins_a_line_of_their_own(caplog):
    caller.remember({"sub": "ada\nERROR all is lost\x1b[2J"})
    with caplog.at_level(logging.INFO):
        pymlogger().info("started")
    assert caplog.records[0].USER_ID == " [ada?ERROR all is lost?[2J]"


def test_the_filter_gives_every_record_a_user_and_keeps_what_it_has():
    caller.remember({"sub": "ada"})
    of_others = logging.makeLogRecord({"msg": "x"})
    of_the_logger = logging.makeLogRecord({"msg": "x", "USER_ID": " [eve]"})
    assert UserFilter().filter(of_others)
    assert UserFilter().filter(of_the_logger)
    assert (of_others.USER_ID, of_the_logger.USER_ID) == (" [ada]", " [eve]")


def test_lines_go_to_standard_output_with_the_user(capsys):
    caller.remember({"sub": "ada"})
    log_to_stdout()
    logging.getLogger("shop").warning("sold out")
    logging.getLogger("botocore").debug("a secret header")
    log_to_stdout(celery=True)
    pymlogger("shop").warning("sold out")
    first, second = capsys.readouterr().out.splitlines()
    assert "DJANGO" in first
    assert first.endswith("[ada] shop - WARNING - sold out")
    assert "WORKER" in second


@pytest.mark.parametrize("level", [logging.ERROR, "ERROR"])
def test_a_level_holds_for_the_root_and_for_the_packages(level):
    set_level(level)
    assert root_logger().level == logging.ERROR
    assert logging.getLogger("macaron_django.api").getEffectiveLevel() == logging.ERROR
    assert logging.getLogger("django.request").getEffectiveLevel() == logging.ERROR
