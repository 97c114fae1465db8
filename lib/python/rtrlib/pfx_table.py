# SPDX-License-Identifier: ISC
"""A table of VRPs of one's own."""

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

    A change costs the next question after it a walk over the table, so many of them are best made in a row.
    """

    def __init__(self) -> None:
        self.closed = True
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
        lib.pfx_table_add(self.pfx_table, self._create_pfx_record(asn, ip, min_length, max_length))

    def remove_record(self, asn: int, ip: str, min_length: int, max_length: int) -> None:
        """Remove a VRP, with the parameters of add_record().  Nothing happens when it is not there."""
        lib.pfx_table_remove(self.pfx_table, self._create_pfx_record(asn, ip, min_length, max_length))

    def validate(self, asn: int, prefix: str, mask_len: int) -> ValidationResult:
        """Validate a route.  The result has no reasons.

        :param asn: autonomous system number
        :param prefix: address of the prefix
        :param mask_len: length of the prefix
        """
        state = ffi.new("enum pfxv_state *")
        if lib.pfx_table_validate(self.pfx_table, asn, ip_str_to_addr(prefix), mask_len, state) != lib.PFX_SUCCESS:
            raise PFXException("An error occurred during validation")
        return ValidationResult(prefix, mask_len, asn, state[0])

    def validate_r(self, asn: int, prefix: str, mask_len: int) -> ValidationResult:
        """Validate a route, with the reasons."""
        state = ffi.new("enum pfxv_state *")
        reason = ffi.new("struct pfx_record **")
        length = ffi.new("unsigned int *")
        code = lib.pfx_table_validate_r(
            self.pfx_table, reason, length, asn, ip_str_to_addr(prefix), mask_len, state
        )
        if code != lib.PFX_SUCCESS:
            raise PFXException("An error occurred during validation")
        return ValidationResult(prefix, mask_len, asn, state[0], reason, length[0])

    def _view(self) -> Any:
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
            lib.pfx_table_free(self.pfx_table)

    def __enter__(self) -> "PfxTable":
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> bool:
        self.close()
        return False

    def __del__(self) -> None:
        self.close()
