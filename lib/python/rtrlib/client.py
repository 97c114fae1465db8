# SPDX-License-Identifier: ISC
"""A vrp_client and what Python has to know about it: what is behind an RTRManager.

It is apart from RTRManager because it must live for as long as C may call it, while
an RTRManager may go at any time, and ends it then.
"""

import atexit
import os
import threading
import time
import weakref
from typing import Any, Callable, Iterator, NamedTuple, Optional

from . import callbacks
from ._vrp import ffi, lib
from .aspa import ASPARecord
from .exceptions import RTRInitError, RTRlibException, SyncTimeout
from .manager_group import ManagerGroup, ManagerGroupStatus
from .records import PFXRecord, SPKIRecord
from .rtr_socket import RTRSocket

# Seconds between two looks for a signal, such as Ctrl-C.
TICK = 0.1

# Records that are converted at once.
CHUNK = 1024


class Cache(NamedTuple):
    """Where a cache is."""

    url: str
    preference: int


class Hook(NamedTuple):
    """A user's callback for updates, of three arguments, with the last of them."""

    callback: Callable[[Any, bool, Any], Any]
    data: Any


class Hooks(NamedTuple):
    """All of a user's callbacks."""

    status: "Optional[Callable[..., Any]]"
    status_data: Any
    pfx: Optional[Hook]
    spki: Optional[Hook]
    aspa: Optional[Hook]


class Client:
    """A vrp_client, its caches as rtrlib shows them, and the callbacks."""

    def __init__(self, caches: "list[Cache]", options: "dict[int, int]", hooks: Hooks) -> None:
        self._caches = caches
        self._options = options
        self._hooks = hooks
        self._lock = threading.RLock()
        self._running = False
        self._muted = False
        self._frozen: Any = None
        self._set_up_groups()
        self._make()
        _clients.add(self)

    def _set_up_groups(self) -> None:
        count = len(self._caches)
        self._sockets = ffi.new("struct rtr_socket[]", count)
        self.sockets = ffi.new("struct vpy_sockets *", (self._sockets, count))
        members: "dict[int, list[Any]]" = {}
        for i, cache in enumerate(self._caches):
            self._sockets[i].index = i
            self._sockets[i].state = lib.RTR_SHUTDOWN
            members.setdefault(cache.preference, []).append(self._sockets + i)
        self._groups: "dict[int, Any]" = {}
        self._members: "list[Any]" = []
        self._last: "dict[int, int]" = {}
        for preference in sorted(members):
            pointers = ffi.new("struct rtr_socket *[]", members[preference])
            group = ffi.new("struct rtr_mgr_group *", (pointers, len(pointers), preference))
            self._members.append(pointers)
            self._groups[preference] = group
            self._last[preference] = members[preference][0].index

    def _make(self) -> None:
        client = lib.vrp_client_new()
        if client == ffi.NULL:
            raise MemoryError
        # Whoever has the client for a call keeps it from being freed.
        self._client = ffi.gc(client, lib.vrp_client_free)
        error = ffi.new("struct vrp_error *")
        for cache in self._caches:
            if lib.vrp_client_add_cache(self._client, cache.url.encode(), cache.preference, error) < 0:
                raise RTRInitError(f"Error during initialization: {_text(error.text)}")
        for option, value in self._options.items():
            try:
                code = lib.vrp_client_set(self._client, option, value)
            except OverflowError:
                code = lib.VRP_INVALID
            if code != lib.VRP_OK:
                raise RTRInitError("refresh_interval or the expire_interval is invalid.")
        lib.vrp_client_set(self._client, lib.VRP_OPT_PURGE, 1)
        self._register()

    def _register(self) -> None:
        hooks = self._hooks
        self._handle = ffi.new_handle(self)
        if hooks.pfx or hooks.spki or hooks.aspa:
            lib.vrp_client_on_update(self._client, lib.vpy_on_update, self._handle)
        if hooks.status:
            lib.vrp_client_on_cache(self._client, lib.vpy_on_cache, self._handle)
            lib.vrp_client_on_group(self._client, lib.vpy_on_group, self._handle)

    # ---- Life

    def start(self) -> None:
        """Start its thread, if it isn't running."""
        if callbacks.inside_callback():
            raise RTRlibException("a manager can't be started from a callback")
        with self._lock:
            if self._running:
                return
            if self._client is None:  # this is the child of a fork
                self._make()
            self._muted = False
            self._frozen = None
            error = ffi.new("struct vrp_error *")
            if lib.vrp_client_start(self._client, error) != lib.VRP_OK:
                raise RTRlibException(_text(error.text) or "the manager could not be started")
            self._running = True

    def stop(self) -> None:
        """End its thread.  From a callback, which that thread waits for, it happens as soon as it returns."""
        if callbacks.inside_callback():
            threading.Thread(target=self._stop).start()
        else:
            self._stop()

    def _stop(self) -> None:
        with self._lock:
            if self._running and self._client is not None:
                lib.vrp_client_stop(self._client)
            self._running = False

    def close(self) -> None:
        """Stop without a word, and for good."""
        self._muted = True
        if callbacks.inside_callback():
            threading.Thread(target=self._close).start()
        else:
            self._close()

    def _close(self) -> None:
        self._stop()
        self._client = None
        self._handle = None  # which holds self

    def mute(self) -> None:
        """No user's callback from now on."""
        self._muted = True

    # ---- Forks: the child has no thread, but may go on using the table as it was.

    def before_fork(self) -> None:
        """Take the table out, for who knows who holds which lock in the child."""
        if self._client is not None:
            self._frozen = self.view()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._frozen = None

    def after_fork_in_child(self) -> None:
        """Let go of what belongs to the parent, without touching it."""
        if self._client is not None:
            ffi.gc(self._client, None)
            self._client = None
            self._running = False
            self._lock = threading.RLock()

    # ---- Questions

    def wait(self, timeout: "Optional[float]") -> None:
        """Until it is in sync; timeout is None or not positive for ever."""
        if callbacks.inside_callback() and not self.in_sync():
            raise RTRlibException("a callback can't wait for its manager")
        end = time.monotonic() + timeout if timeout is not None and timeout > 0 else None
        while not self.in_sync():
            left = TICK if end is None else min(TICK, end - time.monotonic())
            if left <= 0:
                raise SyncTimeout(self._why(timeout))
            client = self._client
            code = lib.VRP_INVALID if client is None else lib.vrp_client_wait(client, int(left * 1000) + 1)
            if code == lib.VRP_ERROR:
                raise RTRlibException("the thread of the manager has ended")
            if code == lib.VRP_INVALID:  # it was not started
                time.sleep(left)

    def _why(self, timeout: "Optional[float]") -> str:
        reasons = (f"{self.address(s)}: {self.reason(s)}" for s in self._each_socket())
        return f"no table after {timeout} seconds; {'; '.join(reasons)}"

    def in_sync(self) -> bool:
        """Has it a table that is current?"""
        client = self._client
        return client is not None and lib.vrp_client_in_sync(client) == 1

    def view(self) -> Any:
        """The table now, a reference that goes with the Python object."""
        if self._frozen is not None:
            return self._frozen
        client = self._client
        if client is None:
            raise RTRlibException("the manager has no table: it is closed, or of before a fork")
        return ffi.gc(lib.vrp_client_view(client), lib.vrp_view_unref)

    def socket_in_use(self) -> Any:
        """The first cache of the group in use, for records of which nobody knows from which of its caches they are."""
        client = self._client
        preference = -1 if client is None else lib.vrp_client_in_use(client)
        group = self._groups.get(preference, next(iter(self._groups.values())))
        return group.sockets[0]

    def groups(self) -> "list[ManagerGroup]":
        """All groups, the most preferred first."""
        return [ManagerGroup(group, self) for group in self._groups.values()]

    def _each_socket(self) -> Iterator[Any]:
        return (self._sockets + i for i in range(len(self._caches)))

    def _status(self, socket: Any) -> Any:
        status = ffi.new("struct vrp_cache_status *")
        client = self._client
        if client is not None and lib.vrp_client_cache(client, socket.index, status) == lib.VRP_OK:
            return status
        return None

    def refresh_socket(self, socket: Any) -> None:
        """Bring what is known of a cache up to date."""
        status = self._status(socket)
        ours = self._sockets[socket.index]
        if status is None:
            ours.state = lib.RTR_SHUTDOWN
            return
        ours.refresh_interval = status.refresh
        ours.expire_interval = status.expire
        ours.retry_interval = status.retry
        ours.last_update = status.updated
        ours.state = status.state
        ours.version = status.version
        if status.updated or status.session >= 0 or status.receiving:
            ours.has_received_pdus = True

    def refresh_group(self, group: Any) -> None:
        """The same for a group."""
        client = self._client
        state = ffi.new("enum vrp_group_state *", lib.VRP_GROUP_CLOSED)
        if client is not None:
            lib.vrp_client_group(client, group.preference, state)
        group.status = state[0]

    def address(self, socket: Any) -> str:
        """Where a cache is."""
        status = self._status(socket)
        return self._caches[socket.index].url if status is None else _text(status.url)

    def reason(self, socket: Any) -> str:
        """Why a cache is in its state."""
        status = self._status(socket)
        return "it isn't running" if status is None else _text(status.reason)

    # ---- What C calls, on the client's thread

    def on_update(self, update: Any) -> None:
        """Tell the user, record by record.

        VRPs that came are told before those that went, so that a table that is kept by these calls
        never makes a route invalid in between.
        """
        if self._muted:
            return
        hooks = self._hooks
        if hooks.pfx:
            self._tell(hooks.pfx, pfx_records(self, update.view, *_records(update.added)), True)
            self._tell(hooks.pfx, pfx_records(self, update.before, *_records(update.removed)), False)
        if hooks.spki:
            self._tell(hooks.spki, spki_records(self, *_router_keys(update.removed)), False)
            self._tell(hooks.spki, spki_records(self, *_router_keys(update.added)), True)
        if hooks.aspa:
            self._tell(hooks.aspa, aspa_records(*_aspas(update.removed)), False)
            self._tell(hooks.aspa, aspa_records(*_aspas(update.added)), True)

    def _tell(self, hook: Hook, records: "Iterator[Any]", added: bool) -> None:
        for record in records:
            if self._muted:
                return
            callbacks.call(hook.callback, record, added, hook.data)

    def on_cache(self, cache: int) -> None:
        """Tell the user, as rtrlib does, the state of its group, which may be the same."""
        group = self._groups[self._caches[cache].preference]
        self._last[group.preference] = cache
        self.refresh_group(group)
        self._tell_status(group, group.status)

    def on_group(self, preference: int, state: int) -> None:
        """Tell the user."""
        group = self._groups.get(preference)
        if group is not None:
            group.status = state
            self._tell_status(group, state)

    def _tell_status(self, group: Any, state: int) -> None:
        hooks = self._hooks
        if hooks.status and not self._muted:
            callbacks.call(
                hooks.status,
                ManagerGroup(group, self),
                ManagerGroupStatus(state),
                RTRSocket(self._sockets + self._last[group.preference], self),
                hooks.status_data,
            )


# ---- Records of a view, converted by the thousand.  Views stay for as long as the generators do.


def _text(chars: Any) -> str:
    return ffi.string(chars).decode("utf8", "replace")


def _records(changes: Any) -> "tuple[Any, int]":
    return changes.records, changes.record_count


def _router_keys(changes: Any) -> "tuple[Any, int]":
    return changes.router_keys, changes.router_key_count


def _aspas(changes: Any) -> "tuple[Any, int]":
    return changes.aspas, changes.aspa_count


def pfx_records(owner: Optional[Client], view: Any, records: Any, count: int) -> "Iterator[PFXRecord]":
    """VRPs as PFXRecords."""
    sockets = owner.sockets if owner is not None else ffi.NULL
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        chunk = ffi.new("struct pfx_record[]", size)
        lib.vpy_pfx_records(view, sockets, records + start, size, chunk)
        for i in range(size):
            yield PFXRecord._of(chunk[i], chunk, owner)


def spki_records(owner: Client, keys: Any, count: int, view: Any = None) -> "Iterator[SPKIRecord]":
    """Router keys as SPKIRecords; view is kept until the last."""
    socket = owner.socket_in_use()
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        chunk = ffi.new("struct spki_record[]", size)
        lib.vpy_spki_records(socket, keys + start, size, chunk)
        for i in range(size):
            yield SPKIRecord._of(chunk[i], owner)
    del view


def aspa_records(aspas: Any, count: int, view: Any = None) -> "Iterator[ASPARecord]":
    """ASPAs as ASPARecords; view is kept until the last."""
    for i in range(count):
        yield ASPARecord._of(aspas[i])
    del view


# ---- All of them, for the end of the process and for forks

_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()


def _at_exit() -> None:
    # No thread may call into an interpreter that is going.
    for client in list(_clients):
        client.mute()
        client.stop()


def _each(method: Callable[[Client], None]) -> Callable[[], None]:
    def run() -> None:
        for client in list(_clients):
            method(client)

    return run


atexit.register(_at_exit)
os.register_at_fork(
    before=_each(Client.before_fork),
    after_in_parent=_each(Client.after_fork_in_parent),
    after_in_child=_each(Client.after_fork_in_child),
)
