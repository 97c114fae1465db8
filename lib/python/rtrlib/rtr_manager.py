# SPDX-License-Identifier: ISC
"""A table that follows RTR caches, and what it says of a route."""

import logging
import socket
from enum import Enum
from typing import Any, Callable, Iterable, Iterator, Optional

from ._vrp import ffi, lib
from .aspa import ASPADirection, ASPARecord, ASPAState
from .bulk import Validator
from .callbacks import with_data
from .client import Cache, Client, Hook, Hooks, aspa_records, pfx_records, spki_records
from .exceptions import PFXException, RTRInitError
from .manager_group import ManagerGroup
from .records import PFXRecord, SPKIRecord
from .util import ip_str_to_addr, is_cdata, is_integer, is_string, to_unicodestr

LOG = logging.getLogger(__name__)


class PfxvState(Enum):
    """What a table says of a route (RFC 6811)."""

    valid = lib.BGP_PFXV_STATE_VALID
    """A VRP allows it."""

    not_found = lib.BGP_PFXV_STATE_NOT_FOUND
    """No VRP covers it."""

    invalid = lib.BGP_PFXV_STATE_INVALID
    """VRPs cover it, and none of them allows it."""


class Reason:
    """A VRP that a decision is based on.

    :param prefix_length: of the route
    :param asn: origin of the route
    :param record: a cdata ``struct pfx_record *`` or ``struct pfx_record``
    """

    def __init__(self, prefix_length: int, asn: int, record: Any) -> None:
        if not is_cdata(record, "struct pfx_record *", "struct pfx_record"):
            raise TypeError("record must be struct pfx_record *")
        self.prefix_length = prefix_length
        self.asn = asn
        self.record = PFXRecord(record)

    def __str__(self) -> str:
        return f"{self.record}: as_valid = {self.as_valid}, length_valid = {self.length_valid}"

    @property
    def as_valid(self) -> bool:
        """Is it for the origin of the route?"""
        return self.record.asn == self.asn

    @property
    def as_invalid(self) -> bool:
        """Is it for another AS?"""
        return not self.as_valid

    @property
    def length_valid(self) -> bool:
        """Does it allow prefixes of that length?"""
        return self.record.min_len <= self.prefix_length <= self.record.max_len

    @property
    def length_invalid(self) -> bool:
        """Is the route more specific than it allows?"""
        return not self.length_valid


class ValidationResult:
    """What a table says of a route.  It is equal to its PfxvState.

    :param prefix: address of the prefix
    :param prefix_length: its length
    :param asn: the origin
    :param state: a PfxvState or its number
    :param reason_records: a cdata ``struct pfx_record **``, whose block is freed with this object; or None
    :param reason_len: the number of records in that
    """

    def __init__(
        self,
        prefix: str,
        prefix_length: int,
        asn: int,
        state: "PfxvState | int",
        reason_records: Any = None,
        reason_len: int = 0,
    ) -> None:
        self._state = PfxvState(state)
        self._prefix = prefix
        self._prefix_length = prefix_length
        self._asn = asn
        self._reason: "Optional[list[Reason]]" = None
        if reason_records is None:
            return
        if not is_cdata(reason_records, "struct pfx_record **"):
            raise TypeError("reason_records must be struct pfx_record **")
        if reason_records and reason_len:
            block = ffi.gc(reason_records[0], lib.free)
            self._reason = [Reason(prefix_length, asn, block[i]) for i in range(reason_len)]
            self._keep(block, None)

    def _keep(self, block: Any, owner: Any) -> None:
        for reason in self._reason or ():
            reason.record._keep = block or reason.record._keep
            reason.record._owner = owner

    def __str__(self) -> str:
        return f"{self._prefix}/{self._prefix_length} AS{self._asn}: {self.state}"

    def __repr__(self) -> str:
        return f"<ValidationResult {self}>"

    def __eq__(self, other: Any) -> Any:
        # So that the examples of the original's documentation, which compare the two, are right.
        if isinstance(other, PfxvState):
            return self._state is other
        return self is other if isinstance(other, ValidationResult) else NotImplemented

    # That of the object, as in the original: very many results in a set shall not share three values.
    __hash__ = object.__hash__

    @property
    def state(self) -> PfxvState:
        """Valid, not found or invalid."""
        return self._state

    @property
    def is_invalid(self) -> bool:
        """Is the route invalid?"""
        return self.state is PfxvState.invalid

    @property
    def is_valid(self) -> bool:
        """Is the route valid?"""
        return self.state is PfxvState.valid

    @property
    def not_found(self) -> bool:
        """Is the route covered by no VRP?"""
        return self.state is PfxvState.not_found

    @property
    def as_invalid(self) -> bool:
        """Is it invalid, and is one of the reasons for another AS?  A TypeError where there are no reasons."""
        return self.is_invalid and any(reason.as_invalid for reason in self._reason)  # type: ignore[union-attr]

    @property
    def length_invalid(self) -> bool:
        """Is it invalid, and is it too long for one of the reasons?  A TypeError where there are no reasons."""
        return self.is_invalid and any(reason.length_invalid for reason in self._reason)  # type: ignore[union-attr]

    @property
    def reason(self) -> "Optional[list[Reason]]":
        """The VRPs that the decision is based on: of those that cover the route, from the shortest prefix on,
        all up to the first prefix that has one which matches, and its others.  None where there are none."""
        return self._reason


class RTRManager(Validator):
    """A table that follows an RTR cache, on a thread of its own.

    :param host: name or address of the cache
    :param port: its port, a number or a text
    :param refresh_interval: seconds after which it is asked again, until it says others: 1 to 86400
    :param expire_interval: seconds that records live without an answer, likewise: 600 to 172800
    :param retry_interval: seconds after a failure, likewise: 1 to 7200
    :param status_callback: called with (ManagerGroup, ManagerGroupStatus, RTRSocket, data) at each step
    :param status_callback_data: the data for it
    :param pfx_update_callback: called with (PFXRecord, added, data) for each VRP that comes or goes; may take
        two arguments, as may the others
    :param pfx_update_callback_data: the data for it
    :param spki_update_callback: called with (SPKIRecord, added, data) for each router key
    :param spki_update_callback_data: the data for it
    :param aspa_update_callback: called with (ASPARecord, added, data) for each ASPA.  Not in the original, as is
        the rest.
    :param aspa_update_callback_data: the data for it
    :param preference: of this cache; says something where there are more

    :raises RTRInitError: an interval is out of range

    Callbacks run on the manager's thread, one at a time, and nothing is read from the cache meanwhile.  What they
    raise goes to sys.unraisablehook.
    """

    def __init__(
        self,
        host: str,
        port: "int | str",
        refresh_interval: int = 3600,
        expire_interval: int = 7200,
        retry_interval: int = 600,
        status_callback: "Optional[Callable[..., Any]]" = None,
        status_callback_data: Any = None,
        pfx_update_callback: "Optional[Callable[..., Any]]" = None,
        pfx_update_callback_data: Any = None,
        spki_update_callback: "Optional[Callable[..., Any]]" = None,
        spki_update_callback_data: Any = None,
        aspa_update_callback: "Optional[Callable[..., Any]]" = None,
        aspa_update_callback_data: Any = None,
        *,
        preference: int = 1,
        more_caches: "Iterable[tuple]" = (),
    ) -> None:
        LOG.debug("Initializing RTR manager")
        caches = [_cache(host, port, preference)] + [_cache(*cache) for cache in more_caches]
        options = {
            lib.VRP_OPT_REFRESH: refresh_interval,
            lib.VRP_OPT_EXPIRE: expire_interval,
            lib.VRP_OPT_RETRY: retry_interval,
        }
        hooks = Hooks(
            status_callback,
            status_callback_data,
            _hook(pfx_update_callback, pfx_update_callback_data),
            _hook(spki_update_callback, spki_update_callback_data),
            _hook(aspa_update_callback, aspa_update_callback_data),
        )
        self._client = Client(caches, options, hooks)

    @classmethod
    def from_caches(cls, caches: "Iterable[tuple]", **kwargs: Any) -> "RTRManager":
        """A manager with several caches, each (host, port) or (host, port, preference).

        Caches of one preference, which is 1 unless given, are used together, and those with the lowest
        preference that work.  Other arguments are as of the class.
        """
        (host, port, *preference), *more = caches
        if preference:
            kwargs["preference"] = preference[0]
        return cls(host, port, more_caches=more, **kwargs)

    def __enter__(self) -> "RTRManager":
        try:
            self.start()
            self.wait_for_sync()
        except BaseException:
            # Nobody would: without this the thread goes on for a block that never began.
            self.stop()
            raise
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> bool:
        self.stop()
        return False

    def __del__(self) -> None:
        client = getattr(self, "_client", None)
        if client is not None:
            client.close()

    def start(self, wait: bool = True, timeout: "Optional[float]" = 5) -> None:
        """Start the manager; nothing happens when it runs.

        :param wait: wait until it is in sync
        :param timeout: seconds; not positive or None is for ever

        :raises SyncTimeout: the time was over first.  The manager goes on trying.
        """
        LOG.debug("Starting RTR manager")
        self._client.start()
        if wait:
            self.wait_for_sync(timeout)

    def stop(self) -> None:
        """Stop the manager and empty its table, of which the callbacks are told.

        No callback runs any more when it returns.  Called from a callback it returns at once, and the manager
        stops when that has returned.  It can be started again.
        """
        LOG.debug("Stopping RTR manager")
        self._client.stop()

    def is_synced(self) -> bool:
        """Is the table there and current?"""
        return self._client.in_sync()

    def wait_for_sync(self, timeout: "Optional[float]" = 5) -> None:
        """Wait until it is in sync.

        :param timeout: seconds; not positive or None is for ever

        :raises SyncTimeout: the time was over first
        """
        self._client.wait(timeout)

    def validate(self, asn: int, prefix: str, mask_len: int) -> ValidationResult:
        """Validate a route, with the reasons.

        :param asn: autonomous system number of the origin
        :param prefix: address of the prefix
        :param mask_len: length of the prefix
        """
        LOG.debug("Validating %s/%s from AS %s", prefix, mask_len, asn)
        if not is_integer(asn):
            raise TypeError(f"asn must be integer not {type(asn)}")
        if not is_integer(mask_len):
            raise TypeError(f"mask_len must be integer not {type(mask_len)}")
        address = ip_str_to_addr(prefix)
        state = ffi.new("enum pfxv_state *")
        reason = ffi.new("struct pfx_record **")
        length = ffi.new("unsigned int *")
        client = self._client
        if lib.vpy_validate_r(client.view(), client.sockets, reason, length, asn, address, mask_len, state) != 0:
            raise PFXException("An error occurred during validation")
        result = ValidationResult(prefix, mask_len, asn, state[0], reason, length[0])
        result._keep(None, client)
        return result

    # ---- The records

    def for_each_ipv4_record(self, callback: "Callable[[PFXRecord, Any], Any]", data: Any) -> None:
        """Call callback(record, data) for every IPv4 record, in order."""
        for record in self.ipv4_records():
            callback(record, data)

    def for_each_ipv6_record(self, callback: "Callable[[PFXRecord, Any], Any]", data: Any) -> None:
        """Call callback(record, data) for every IPv6 record, in order."""
        for record in self.ipv6_records():
            callback(record, data)

    def ipv4_records(self) -> "Iterator[PFXRecord]":
        """The IPv4 records of the table as it is now, in order."""
        return self._pfx_records(lib.VRP_IPV4)

    def ipv6_records(self) -> "Iterator[PFXRecord]":
        """The IPv6 records of the table as it is now, in order."""
        return self._pfx_records(lib.VRP_IPV6)

    def _pfx_records(self, family: int) -> "Iterator[PFXRecord]":
        view, count = self._view(), ffi.new("size_t *")
        records = lib.vrp_view_records(view, family, count)
        return pfx_records(self._client, view, records, count[0])

    def spki_records(self) -> "Iterator[SPKIRecord]":
        """The router keys of the table as it is now, by AS.  Not in the original."""
        view, count = self._view(), ffi.new("size_t *")
        keys = lib.vrp_view_router_keys(view, count)
        return spki_records(self._client, keys, count[0], view)

    def get_spki(self, asn: int, ski: bytes) -> "list[SPKIRecord]":
        """The router keys of an AS with that subject key identifier.  Not in the original."""
        if len(ski) != lib.VRP_SKI_LEN:
            raise ValueError(f"ski must be {lib.VRP_SKI_LEN} bytes, not {len(ski)}")
        view, count = self._view(), ffi.new("size_t *")
        keys = lib.vrp_view_find_router_keys(view, asn, ski, count)
        return list(spki_records(self._client, keys, count[0], view))

    # ---- ASPAs.  Not in the original.

    def aspa_records(self) -> "Iterator[ASPARecord]":
        """The ASPAs of the table as it is now, by customer."""
        view, count = self._view(), ffi.new("size_t *")
        aspas = lib.vrp_view_aspas(view, count)
        return aspa_records(aspas, count[0], view)

    def verify_as_path(
        self, path: "Iterable[int]", direction: ASPADirection, has_set: bool = False, neighbour: int = 0
    ) -> ASPAState:
        """Verify an AS path by ASPAs.

        :param path: AS numbers, the neighbour first, the origin last; the same several times in a row counts once
        :param direction: who it came from
        :param has_set: there is an AS_SET in it, which makes it invalid
        :param neighbour: who it came from, to be checked against the path; 0 for a route server's client
        """
        asns = list(path)
        flags = direction.value | (lib.VRP_PATH_HAS_SET if has_set else 0)
        return ASPAState(lib.vrp_view_verify_path(self._view(), asns, len(asns), flags, neighbour))

    # ---- The caches

    def groups(self) -> "list[ManagerGroup]":
        """The groups of caches, the most preferred first.  Not in the original."""
        return self._client.groups()

    def _view(self) -> Any:
        return self._client.view()


def _hook(callback: "Optional[Callable[..., Any]]", data: Any) -> Optional[Hook]:
    return Hook(with_data(callback), data) if callback else None


def _cache(host: "str | bytes", port: "int | str", preference: int = 1) -> Cache:
    if is_integer(port):
        port = str(port)
    elif not is_string(port):
        raise TypeError("port must be integer or string")
    if not port.isdigit():
        try:
            port = str(socket.getservbyname(port, "tcp"))
        except OSError:
            pass  # which the library says
    host = to_unicodestr(host)
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    if not 0 <= preference <= 255:
        raise RTRInitError("Error during initialization: preference is not a number from 0 to 255")
    return Cache(f"tcp://{host}:{port}", preference)
