"""A configuration for gunicorn: ``gunicorn --config python:macaron_django.shipping.gunicorn_config config.wsgi``.

Options of gunicorn's command line, such as ``--bind 0.0.0.0:80``, take precedence. The environment variable
``PORT``, which some platforms set, is the port to listen on. ``WEB_CONCURRENCY`` or ``PYM_GUNICORN_WORKERS_COUNT`` sets
the number of workers. The log goes to standard error and standard output. It leaves out the query strings of
URLs, because they can contain secrets.
"""

from __future__ import annotations

import faulthandler
import logging
import os
from typing import Any

from macaron_django.shipping.worker_counts import get_gunicorn_worker_count

bind = f":{os.environ['PORT']}" if os.environ.get("PORT") else "127.0.0.1:8080"
backlog = 2048

workers = int(os.environ.get("WEB_CONCURRENCY") or get_gunicorn_worker_count())
threads = 4
worker_class = "gthread"
worker_connections = 1000
timeout = 180  # seconds
keepalive = 2  # seconds

#: The number of requests after which a worker is replaced, so that a memory leak in the service stays small.
max_requests = 2500
max_requests_jitter = 500

#: Each worker loads the service after the fork, because threads and connections don't survive a fork.
preload_app = False

loglevel = "info"
errorlog = "-"
accesslog = "-"
access_log_format = '%(h)s %(l)s %(u)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s "%(a)s"'

proc_name = None


def pre_fork(server: Any, worker: Any) -> None:
    """Does nothing, like gunicorn's own hook. Configurations that extend this one can call it."""


def post_fork(server: Any, worker: Any) -> None:
    server.log.info("Worker spawned (pid: %s)", worker.pid)


def pre_exec(server: Any) -> None:
    server.log.info("Forked child, re-executing.")


def when_ready(server: Any) -> None:
    server.log.info("Server is ready. Spawning workers.")


def worker_int(worker: Any) -> None:
    """Runs when SIGINT or SIGQUIT ends a worker, perhaps because the worker hangs.

    If gunicorn's log level is "debug", writes the stack of each thread to standard error.
    """
    worker.log.info("Worker received INT or QUIT signal.")
    if worker.log.error_log.isEnabledFor(logging.DEBUG):
        faulthandler.dump_traceback()


def worker_abort(worker: Any) -> None:
    worker.log.info("Worker received SIGABRT signal.")
