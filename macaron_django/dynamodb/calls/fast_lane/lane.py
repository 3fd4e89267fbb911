"""Sends item operations over a botocore client's open connections, without botocore's own code for each call.

The client provides the endpoint, the signing region, the credentials and the connections with their proxies, TLS and
timeouts. The client's parser reads every response whose status isn't 200. If the lane returns None, the client must
make the call.

For calls from threads, botocore opens the connections, and makes the first call over each connection. For calls from
event loops, the lane itself opens the connections. It doesn't open connections through proxies.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.auth import _host_from_url  # type: ignore[attr-defined]  # (missing in its stubs)
from botocore.client import BaseClient
from botocore.credentials import RefreshableCredentials
from botocore.httpsession import URLLib3Session

from macaron_django.drivers import in_thread
from macaron_django.dynamodb.calls.fast_lane.botocore_answers import read_by_botocore
from macaron_django.dynamodb.calls.fast_lane.botocore_hooks import BotocoreHooks
from macaron_django.dynamodb.calls.fast_lane.http import HTTPAnswer
from macaron_django.dynamodb.calls.fast_lane.lane_calls import (
    OPERATIONS,
    Lane,
    Measuring,
    RequestTemplate,
    in_lambda,
    names_resources,
    request_head,
)
from macaron_django.dynamodb.calls.fast_lane.loop_connections import LoopConnections
from macaron_django.dynamodb.calls.fast_lane.pooled_connections import PooledConnections, place_of
from macaron_django.dynamodb.calls.fast_lane.signing import CONTENT_TYPE, Signer
from macaron_django.dynamodb.codec.wire import ReadMembers
from macaron_django.tracers import can_await

__all__ = ["FastLane"]


class FastLane(Lane):
    """The fast lane of one botocore client."""

    def __init__(self, client: BaseClient) -> None:
        super().__init__()
        self._client: Any = client
        self._hooks = BotocoreHooks(client, own=frozenset({_CLIENTS}))
        self._templates: dict[str, RequestTemplate] = {}
        #: The key is botocore's connection pool.
        self._connections: dict[Any, tuple[PooledConnections, LoopConnections | None]] = {}

    @classmethod
    def beside(cls, client: BaseClient) -> FastLane | None:
        """Returns the lane of ``client``. Returns None if the client signs requests, or sends them, in a way that
        isn't botocore's default.
        """
        inner: Any = client
        session = inner._endpoint.http_session
        ordinary = (
            inner._request_signer.signature_version == "v4"
            and inner.meta.service_model.resolved_protocol == "json"
            and not inner.meta.config.auth_scheme_preference
            and type(session) is URLLib3Session
        )
        return cls(client) if ordinary else None

    def answer(
        self,
        operation: str,
        parameters: dict[str, Any],
        tally: Measuring | None = None,
        *,
        read: ReadMembers | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any] | None:
        watchers = self._hooks.watchers(operation) if operation in OPERATIONS else None
        if watchers is None or watchers.leave:
            return None
        traced = watchers.traced
        if traced is None or not traced.are_recorded:
            return self._answer(operation, parameters, read, timeout, tally, traced)
        shown = None if traced.shows_items else read
        send = partial(self._answer, read=shown, timeout=timeout, tally=tally, traced=traced)
        return traced.call(parameters, send)

    async def answer_on_loop(
        self,
        operation: str,
        parameters: dict[str, Any],
        tally: Measuring | None = None,
        *,
        read: ReadMembers | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any] | None:
        watchers = self._hooks.watchers(operation) if operation in OPERATIONS else None
        if watchers is None or watchers.leave:
            return None
        traced = watchers.traced
        if traced is None or not traced.are_recorded:
            return await self._answer_on_loop(operation, parameters, read, timeout, tally, traced)
        if not can_await():  # the tracers' wrappers block, so that they must run in a thread
            return await in_thread(self.answer, operation, parameters, tally, read=read, timeout=timeout)
        shown = None if traced.shows_items else read
        send = partial(self._answer_on_loop, read=shown, timeout=timeout, tally=tally, traced=traced)
        return await traced.call_on_loop(parameters, send)

    @property
    def renews_credentials(self) -> bool:
        provider = self._client._request_signer._credentials
        return isinstance(provider, RefreshableCredentials) and provider.refresh_needed()

    def renew_credentials(self) -> None:
        self._client._request_signer._credentials.get_frozen_credentials()

    def _read_by_botocore(self, operation: str, answer: HTTPAnswer) -> dict[str, Any]:
        return read_by_botocore(self._client, operation, answer)

    # -- parts of a request --------------------------------------------------------------------

    def _template(self, operation: str, parameters: Mapping[str, Any]) -> RequestTemplate | None:
        provider = self._client._request_signer._credentials
        name = parameters.get("TableName")
        if provider is None or (":" in name if name is not None else names_resources(parameters)):
            return None  # an ARN names an account, and the endpoint may depend on the account
        credentials = provider.get_frozen_credentials()
        template = self._templates.get(operation)
        if template is None or template.credentials != credentials or _is_closed(template.idle):
            template = self._make_template(operation, parameters, credentials)
            if template is not None:
                self._templates[operation] = template
        return template

    def _make_template(self, operation: str, parameters: Mapping[str, Any], credentials: Any) -> RequestTemplate | None:
        client = self._client
        model = client.meta.service_model.operation_model(operation)
        context: dict[str, Any] = {
            "client_region": client.meta.region_name,
            "client_config": client.meta.config,
            "auth_type": model.resolved_auth_type,
        }
        # The endpoint may depend on the account that the credentials belong to.
        url, additional_headers, _ = client._resolve_endpoint_ruleset(model, parameters, context)
        parts = urlsplit(url)
        if additional_headers or context["auth_type"] not in (None, "v4") or parts.path not in ("", "/") or parts.query:
            return None
        signing = context.get("signing", {})
        host = _host_from_url(url)
        try:
            signer = Signer(
                credentials.access_key,
                credentials.secret_key,
                credentials.token,
                region=signing.get("region") or client._request_signer.region_name,
                service=signing.get("signing_name") or client._request_signer.signing_name,
                host=host,
            )
        except ValueError:
            return None
        session = client._endpoint.http_session
        proxy = session._proxy_config.proxy_url_for(url)
        pool = session._get_connection_manager(url, proxy).connection_from_url(url)
        # URLLib3Session.send() does this before each request.
        session._setup_ssl_cert(pool, url, session._verify)
        target = f"{model.metadata['targetPrefix']}.{operation}"
        lines = {
            "Host": host,
            "Accept-Encoding": "identity",
            "X-Amz-Target": target,
            "Content-Type": CONTENT_TYPE,
            "User-Agent": client._user_agent_creator.to_string(),
            # Headers for the proxy are sent only if the proxy receives the requests themselves, and not through a
            # tunnel.
            **(pool.proxy_headers if proxy and parts.scheme == "http" else {}),
        }
        place = session._get_request_target(f"{parts.scheme}://{parts.netloc}/", proxy)
        return RequestTemplate(
            credentials,
            url,
            signer,
            *self._connections_of(pool, proxy),
            target,
            request_head(place, lines),
            in_lambda(),
            frozenset(model.input_shape.members),
            frozenset(model.output_shape.members),
        )

    def _connections_of(self, pool: Any, proxy: str | None) -> tuple[PooledConnections, LoopConnections | None]:
        known = self._connections.get(pool)
        if known is None:
            self._connections = {each: kept for each, kept in self._connections.items() if each.pool is not None}
            on_loops = None if proxy is not None else LoopConnections(partial(place_of, pool))
            known = self._connections[pool] = (PooledConnections(pool), on_loops)
        return known


def _is_closed(idle: Any) -> bool:
    return idle.pool.pool is None


_CLIENTS: Final = "macaron_django.dynamodb.calls.aws_sdk.botocore_clients"
