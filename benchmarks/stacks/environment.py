"""Reads the runner's variables for all stacks: the engine, the table, and credentials, which local engines ignore."""

import os

ENDPOINT = os.environ["STACK_ENDPOINT"]
TABLE = os.environ["STACK_TABLE"]
REGION = "eu-west-1"
ACCESS_KEY = "local"
SECRET_KEY = "local"  # no secret: a local engine takes any
#: How many operations the API has besides the profiles', for the sweep over their number.
OPERATIONS = int(os.environ.get("STACK_OPERATIONS", "0"))

ID = r"^[0-9A-Za-z._~-]{1,64}$"
ZIP = r"^[0-9A-Za-z -]{2,10}$"
