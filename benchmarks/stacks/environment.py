"""Reads the runner's variables for all stacks: the engine, the table, and credentials, which local engines ignore."""

import os

ENDPOINT = os.environ["STACK_ENDPOINT"]
TABLE = os.environ["STACK_TABLE"]
REGION = "eu-west-1"
ACCESS_KEY = "local"
SECRET_KEY = "local"  # not a secret: a local engine accepts any key
#: The number of operations in the spec, for the sweep over it. They are added to those of the profiles.
OPERATIONS = int(os.environ.get("STACK_OPERATIONS", "0"))

ID = r"^[0-9A-Za-z._~-]{1,64}$"
ZIP = r"^[0-9A-Za-z -]{2,10}$"
