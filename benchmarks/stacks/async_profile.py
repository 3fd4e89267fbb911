"""The four calls for profiles, with the asynchronous client that an environment variable names."""

import os
from importlib import import_module

_client = import_module(f"{os.environ['STACK_CLIENT']}_profile")
find, page, create, replace, close = _client.find, _client.page, _client.create, _client.replace, _client.close
