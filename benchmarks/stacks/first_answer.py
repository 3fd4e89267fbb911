"""Answers one request in this process, without a server: `python first_answer.py MODULE`.

The script prints JSON: the CPU seconds since the interpreter started, and the memory of the process after the response,
in MB.
"""

import importlib
import io
import json
import sys
import time
from pathlib import Path

application = importlib.import_module(sys.argv[1]).application
statuses = []
environ = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/profiles/person-0",
    "QUERY_STRING": "",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.input": io.BytesIO(),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}
body = b"".join(application(environ, lambda status, headers, error=None: statuses.append(status)))
seconds = time.process_time()
if statuses != ["200 OK"] or json.loads(body)["name"] != "Person 0":
    sys.exit(f"{statuses}: {body!r}")
resident = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
print(json.dumps({"cpu_s": seconds, "rss_mb": int(resident.split()[1]) / 1024}))
