"""Takes messages from Redis in such a way that no message is lost if a worker is killed.

kombu's own transport pops a message from its queue. Later, sometimes minutes later, it records that a worker has the
message. If the worker is killed in between, the message is lost. Here, one command moves the message from its queue to
a second list. When kombu has recorded the message, it is removed from the second list. If kombu doesn't record the
message within the visibility timeout, the message is put back into the queue.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from time import monotonic, time
from typing import Any, Final

from kombu.transport import redis
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads
from redis import Redis

__all__ = ["TakingChannel", "TakingTransport"]

logger = logging.getLogger("macaron_django")

# kombu has no type hints for these classes.
_QoS: Any = redis.QoS
_Channel: Any = redis.Channel
_Transport: Any = redis.Transport

#: Seconds between two searches for messages that no worker has recorded.
_INTERVAL: Final = 5
#: The most messages that one search puts back into each queue.
_MOST: Final = 100
#: The most seconds that a worker waits for a message in one of several queues, if all were empty.
_TURN: Final = 0.2
#: KEYS: the list of taken messages, the queue, kombu's records, and the times when messages were first found in the
#: list. ARGV: a message and its tag.
_PUT_BACK: Final = """
if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 1 and redis.call('HEXISTS', KEYS[3], ARGV[2]) == 0 then
    redis.call('RPUSH', KEYS[2], ARGV[1])
end
redis.call('ZREM', KEYS[4], ARGV[2])
"""


class TakingQoS(_QoS):  # type: ignore[misc]
    """kombu's record of unacknowledged messages. It also puts back messages that were taken but never recorded."""

    def restore_visible(self, start: int = 0, num: int = 10, interval: int = 10) -> None:
        super().restore_visible(start, num, interval)
        self.channel.put_back()


class TakingChannel(_Channel):  # type: ignore[misc]
    """kombu's channel, which moves a message instead of popping it."""

    QoS = TakingQoS
    #: Each queue is one list, because Redis moves messages from one list only. Priorities have no effect.
    priority_steps = (0,)
    from_transport_options = tuple(name for name in _Channel.from_transport_options if name != "priority_steps")
    _taken_from = ""
    #: The number of queues in a row that were empty.
    _passed = 0
    _looked_at = 0.0

    def taken_key(self, queue: str) -> str:
        """Returns the name of the list with the messages that were taken from ``queue``."""
        return f"{queue}{self.sep}taken"

    def _brpop_start(self, timeout: float | None = None) -> None:
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        self._taken_from = queues[self._passed % len(queues)]
        keys = self._key(self._taken_from), self._key(self.taken_key(self._taken_from))
        self._in_poll = self.client.connection
        self._brpop_sent_at = monotonic()
        if self._passed < len(queues) > 1:  # another queue may have messages, so don't wait for this queue
            self.client.connection.send_command("RPOPLPUSH", *keys)
            return
        wait = timeout or self.brpop_timeout
        self.client.connection.send_command("BRPOPLPUSH", *keys, wait if len(queues) == 1 else min(wait, _TURN))

    def _brpop_read(self, **options: Any) -> bool:
        queue = self._taken_from
        try:
            try:
                taken = self.client.parse_response(self.client.connection, "BRPOPLPUSH", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            if not taken:
                self._passed += 1
                raise Empty
            self._passed = 0
            self._queue_cycle.rotate(queue)
            message = self._message(taken)
            if message is None:
                with self._plain_client() as client:
                    self._drop(client, queue, taken)
                raise Empty
            self.connection._deliver(message, queue)
            with self._plain_client() as client:
                tag = message["properties"]["delivery_tag"]
                pipeline = client.pipeline()
                pipeline.lrem(self._key(self.taken_key(queue)), -1, taken)
                pipeline.zrem(self._key(self._seen_key), tag)
                pipeline.execute()
            return True
        finally:
            self._in_poll = None
            if flush := getattr(self, "_flush_brpop_reauth", None):  # from kombu 5.7 on
                flush()

    def _message(self, text: bytes | str) -> Any:
        """Returns the message in a text, as kombu delivers it, or None if the text isn't a message."""
        try:
            message = loads(bytes_to_str(text))
            made = self.Message(message, channel=self)
            is_whole = isinstance(made.delivery_tag, str) and {"exchange", "routing_key"} <= made.delivery_info.keys()
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        return message if is_whole else None

    def _drop(self, client: Redis, queue: str, taken: bytes | str) -> None:
        client.lrem(self._key(self.taken_key(queue)), -1, taken)  # type: ignore[arg-type]
        logger.error("Dropped %d bytes from the queue %s: they aren't a Celery message.", len(taken), queue)

    def _key(self, name: str) -> str:
        """Returns a key with the prefix that the application sets for all keys, if there is one."""
        return f"{self.global_keyprefix}{name}"

    @contextmanager
    def _plain_client(self) -> Iterator[Redis]:
        """Opens a client that expects keys with their prefix. kombu's own client adds the prefix, but only in some
        commands.
        """
        with self.conn_or_acquire() as client:
            yield Redis(connection_pool=client.connection_pool)

    @property
    def _seen_key(self) -> str:
        return f"{self.unacked_index_key}{self.sep}taken"

    def put_back(self) -> None:
        """Puts messages back into their queues if kombu hasn't recorded them within the visibility timeout."""
        now = time()
        if now - self._looked_at < _INTERVAL:
            return
        self._looked_at = now
        seen_key, noted_key = self._key(self._seen_key), self._key(self.unacked_key)
        with self._plain_client() as client:
            for queue in list(self.active_queues):
                taken_key = self._key(self.taken_key(queue))
                for taken in client.lrange(taken_key, -_MOST, -1):
                    message = self._message(taken)
                    if message is None:
                        self._drop(client, queue, taken)
                        continue
                    tag = message["properties"]["delivery_tag"]
                    client.zadd(seen_key, {tag: now}, nx=True)
                    if now - float(client.zscore(seen_key, tag) or now) > self.visibility_timeout:
                        client.eval(_PUT_BACK, 4, taken_key, self._key(queue), noted_key, seen_key, taken, tag)


class TakingTransport(_Transport):  # type: ignore[misc]
    """kombu's transport for Redis, with channels that move messages."""

    Channel = TakingChannel
