# SPDX-License-Identifier: ISC
"""Caches of one preference."""

from enum import Enum
from typing import Any

from ._vrp import lib
from .rtr_socket import RTRSocketList


class ManagerGroupStatus(Enum):
    """States of a group."""

    CLOSED = lib.RTR_MGR_CLOSED
    """It isn't running."""

    CONNECTING = lib.RTR_MGR_CONNECTING
    """It is not in sync yet."""

    ESTABLISHED = lib.RTR_MGR_ESTABLISHED
    """It is in sync."""

    ERROR = lib.RTR_MGR_ERROR
    """It doesn't work, and goes on trying."""


class ManagerGroup:
    """Caches of one preference; the lowest is preferred.

    :param group: a cdata ``struct rtr_mgr_group *``
    :param owner: what keeps that up to date and in memory
    """

    __slots__ = ("_group", "_owner")

    def __init__(self, group: Any, owner: Any = None) -> None:
        self._group = group
        self._owner = owner

    @property
    def preference(self) -> int:
        """0 to 255, the lowest first."""
        return self._group.preference

    @property
    def sockets_len(self) -> int:
        """How many caches it has."""
        return self._group.sockets_len

    @property
    def status(self) -> ManagerGroupStatus:
        """Its state now."""
        if self._owner is not None:
            self._owner.refresh_group(self._group)
        return ManagerGroupStatus(self._group.status)

    @property
    def sockets(self) -> RTRSocketList:
        """Its caches."""
        return RTRSocketList(self._group.sockets, self.sockets_len, self._owner)
