"""Sends requests and receives responses, within limits.

Open ``exchanges`` for retries and redirects, and ``host_states`` for the pauses of calls to a failing host.
Open ``channels`` for connections, and for calls to an API that this process itself serves. Open ``kept_connections``
for the caller's database connections. Open ``answer_bytes`` for the size limit of responses, and ``token_grants`` for
OAuth 2 tokens.
"""
