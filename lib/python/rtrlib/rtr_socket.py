# SPDX-License-Identifier: ISC
"""A cache, as far as it is known."""

from enum import Enum
from typing import Any

from ._vrp import lib


class RTRSocketState(Enum):
    """States of the connection to a cache."""

    CONNECTING = lib.RTR_CONNECTING
    """There is no connection yet."""

    ESTABLISHED = lib.RTR_ESTABLISHED
    """The table is current; a Serial Notify or the refresh interval leads to SYNC."""

    RESET = lib.RTR_RESET
    """Connected; the whole table was asked for."""

    SYNC = lib.RTR_SYNC
    """Records are being received."""

    FAST_RECONNECT = lib.RTR_FAST_RECONNECT
    """This connection ends, the next begins at once, with a lower version."""

    ERROR_NO_DATA_AVAILABLE = lib.RTR_ERROR_NO_DATA_AVAIL
    """The cache has nothing yet."""

    ERROR_NO_INCREMENTAL_UPDATE_AVAILABLE = lib.RTR_ERROR_NO_INCR_UPDATE_AVAIL
    """The cache does not know our serial; the whole table will be asked for."""

    ERROR_FATAL = lib.RTR_ERROR_FATAL
    """One side broke the protocol."""

    ERROR_TRANSPORT = lib.RTR_ERROR_TRANSPORT
    """There is no connection, or it was lost."""

    SHUTDOWN = lib.RTR_SHUTDOWN
    """It isn't running."""


class RTRSocket:
    """The connection to one cache: what it says is of the moment it is asked.

    :param socket: a cdata ``struct rtr_socket *``
    :param owner: what keeps that up to date and in memory
    """

    __slots__ = ("_owner", "_socket")

    def __init__(self, socket: Any, owner: Any = None) -> None:
        self._socket = socket
        self._owner = owner

    def _now(self) -> Any:
        if self._owner is not None and self._socket:
            self._owner.refresh_socket(self._socket)
        return self._socket

    @property
    def expire_interval(self) -> int:
        """Seconds that records live without an answer from the cache."""
        return self._now().expire_interval

    @property
    def has_recieved_pdus(self) -> bool:
        """Has this cache ever answered?  Spelt as in the original, where asking raises an AttributeError."""
        return self._now().has_received_pdus

    has_received_pdus = has_recieved_pdus

    @property
    def last_update(self) -> int:
        """Unix seconds of the last answer, 0 before the first."""
        return self._now().last_update

    @property
    def refresh_interval(self) -> int:
        """Seconds after which the cache is asked again."""
        return self._now().refresh_interval

    @property
    def retry_interval(self) -> int:
        """Seconds after a failure until the next attempt."""
        return self._now().retry_interval

    @property
    def state(self) -> RTRSocketState:
        """Where the connection is at."""
        return RTRSocketState(self._now().state)

    @property
    def version(self) -> int:
        """The version of the protocol, tried or agreed on."""
        return self._now().version

    @property
    def address(self) -> str:
        """Where the cache is, "tcp://127.0.0.1:8282".  Not in the original."""
        return self._owner.address(self._socket) if self._owner is not None and self._socket else ""

    @property
    def reason(self) -> str:
        """Why it is in its state, for people.  Not in the original."""
        return self._owner.reason(self._socket) if self._owner is not None and self._socket else ""


class RTRSocketList:
    """The caches of a group, by number."""

    __slots__ = ("_length", "_owner", "_sockets")

    def __init__(self, sockets: Any, length: int, owner: Any = None) -> None:
        self._sockets = sockets
        self._length = length
        self._owner = owner

    def __getitem__(self, key: int) -> RTRSocket:
        if not isinstance(key, int):
            raise TypeError("Index must be int")
        if key >= self._length:
            raise IndexError("Index out of range")
        if key < 0:
            raise IndexError("Index may not be negative")
        return RTRSocket(self._sockets[key], self._owner)
