"""Sends requests and receives responses, within limits.

The modules:

- ``exchanges``: retries and redirects
- ``host_states``: the pauses of calls to a failing host
- ``channels``: connections, and calls to an API that this process itself serves
- ``kept_connections``: the caller's database connections
- ``answer_bytes``: the size limit of responses
- ``token_grants``: OAuth 2 tokens
"""
