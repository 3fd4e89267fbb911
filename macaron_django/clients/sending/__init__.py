"""Sends requests and receives answers, within limits of time, size and number.

Open ``exchanges`` for retries and redirects, ``host_states`` for when calls to a host stop and when they resume,
``channels`` for connections and calls without a socket, ``kept_connections`` for the caller's database connections,
``answer_bytes`` for how much of an answer is read, and ``token_grants`` for tokens of OAuth 2.
"""
