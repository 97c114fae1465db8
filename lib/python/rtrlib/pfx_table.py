# SPDX-License-Identifier: ISC
"""A table of VRPs of one's own."""

import threading
from typing import Any, Iterator

from ._vrp import ffi, lib
from .bulk import Validator
from .client import pfx_records
from .exceptions import PFXException
from .records import PFXRecord
from .rtr_manager import ValidationResult
from .util import ip_str_to_addr


class PfxTable(Validator):
    """A table of VRPs.

    Any thread may use it.  A change costs the next question after it a walk over the table, so many of them are
    best made in a row.
    """

    def __init__(self) -> None:
        self.closed = True
        self._lock = threading.Lock()  # so that nobody is in the table when it goes
        self.pfx_table = ffi.new("struct pfx_table *")
        lib.pfx_table_init(self.pfx_table, ffi.NULL)
        if self.pfx_table.table == ffi.NULL:
            raise MemoryError
        self.closed = False

    @staticmethod
    def _create_pfx_record(asn: int, ip: str, min_length: int, max_length: int) -> Any:
        record = ffi.new("struct pfx_record *")
        record.asn = asn
        record.min_len = min_length
        record.max_len = max_length
        record.prefix = ip_str_to_addr(ip)[0]
        return record

    def add_record(self, asn: int, ip: str, min_length: int, max_length: int) -> None:
        """Add a VRP.  Nothing happens when it is there, or when its lengths are no good.

        :param asn: autonomous system number
        :param ip: address of the prefix
        :param min_length: length of the prefix
        :param max_length: length of the longest prefix that is allowed
        """
        record = self._create_pfx_record(asn, ip, min_length, max_length)
        with self._lock:
            lib.pfx_table_add(self.pfx_table, record)

    def remove_record(self, asn: int, ip: str, min_length: int, max_length: int) -> None:
        """Remove a VRP, with the parameters of add_record().  Nothing happens when it is not there."""
        record = self._create_pfx_record(asn, ip, min_length, max_length)
        with self._lock:
            lib.pfx_table_remove(self.pfx_table, record)

    def validate(self, asn: int, prefix: str, mask_len: int) -> ValidationResult:
        """Validate a route.  The result has no reasons.

        :param asn: autonomous system number
        :param prefix: address of the prefix
        :param mask_len: length of the prefix
        """
        return self._validate(asn, prefix, mask_len, ffi.NULL, ffi.NULL)

    def validate_r(self, asn: int, prefix: str, mask_len: int) -> ValidationResult:
        """Validate a route, with the reasons."""
        return self._validate(asn, prefix, mask_len, ffi.new("struct pfx_record **"), ffi.new("unsigned int *"))

    def _validate(self, asn: int, prefix: str, mask_len: int, reason: Any, length: Any) -> ValidationResult:
        state = ffi.new("enum pfxv_state *")
        address = ip_str_to_addr(prefix)
        if lib.vpy_validate_r(self._view(), ffi.NULL, reason, length, asn, address, mask_len, state) != 0:
            raise PFXException("An error occurred during validation")
        if reason == ffi.NULL:
            return ValidationResult(prefix, mask_len, asn, state[0])
        return ValidationResult(prefix, mask_len, asn, state[0], reason, length[0])

    def _view(self) -> Any:
        with self._lock:
            view = lib.vpy_table_view(self.pfx_table)
        if view == ffi.NULL:
            raise PFXException("An error occurred during validation")
        return ffi.gc(view, lib.vrp_view_unref)

    def ipv4_records(self) -> "Iterator[PFXRecord]":
        """The IPv4 records, in order.  Not in the original."""
        return self._records(lib.VRP_IPV4)

    def ipv6_records(self) -> "Iterator[PFXRecord]":
        """The IPv6 records, in order.  Not in the original."""
        return self._records(lib.VRP_IPV6)

    def _records(self, family: int) -> "Iterator[PFXRecord]":
        view = self._view()
        count = ffi.new("size_t *")
        return pfx_records(None, view, lib.vrp_view_records(view, family, count), count[0])

    def close(self) -> None:
        """Free the table: from then on questions are PFXExceptions."""
        if not self.closed:
            self.closed = True
            with self._lock:
                lib.pfx_table_free(self.pfx_table)

    def __enter__(self) -> "PfxTable":
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> bool:
        self.close()
        return False

    def __del__(self) -> None:
        self.close()
