"""schemathesis against the example project: every check, links between operations, and no failure.

What a schema can't say is told in the configuration, next to the operations that it is true of; nothing else is
excused.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFIGURATION = """
checks.enabled = true  # all of them
# A cursor is a string that this server made.
[[operations]]
include-operation-id = ["list_profiles", "list_books"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400"]

# One view more than an int64 can hold.
[[operations]]
include-operation-id = ["view_profile"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404"]

# A book's author exists.
[[operations]]
include-operation-id = ["create_book"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "409"]

# ... and the key in the body is the one in the path.
[[operations]]
include-operation-id = ["replace_profile", "replace_book"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409"]

# ... and null in a merge patch removes what needn't be there (RFC 7386).
[[operations]]
include-operation-id = ["update_profile", "update_book"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409"]
checks.negative_data_rejection.expected-statuses = ["2xx", "4xx"]

# Swagger 2.0 has no way to say that one of an operation's answers has no content.
[[operations]]
include-operation-id = ["delete_profile"]
checks.content_type_conformance.enabled = false
"""


def cases(example, api: str, *options: str) -> int:
    """Run all checks on an API of the example; how many cases there were."""
    configuration = example.folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION, "utf-8")
    url = f"{example.clients[-1].base_url}/openapi/{api}.json"
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [program, "--config-file", configuration, "--no-color", "run", url, *options],
        cwd=example.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(re.search(r"(\d+) generated", done.stdout)[1])


@pytest.mark.parametrize("api", ["myserver", "library"])
def test_no_case_fails(example, api):
    example.serve()
    assert cases(example, api, "--phases", "fuzzing,stateful", "--max-examples", "5", "--seed", "1") > 50


@pytest.mark.soak
@pytest.mark.parametrize("api", ["myserver", "library"])
@pytest.mark.parametrize("least", [10_000])
def test_no_case_of_thousands_fails(example, api, least):
    example.serve()
    generated = 0
    for seed in range(1, 1000):
        generated += cases(example, api, "--max-examples", "150", "--seed", str(seed))
        print(f"{api}: {generated} cases with {seed} seeds")
        if generated >= least:
            break
    assert generated >= least
