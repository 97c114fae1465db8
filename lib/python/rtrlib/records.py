# SPDX-License-Identifier: ISC
"""Records as callbacks and iterators hand them out.  They are the reader's to keep."""

from typing import Any

from ._vrp import ffi
from .rtr_socket import RTRSocket
from .util import ip_addr_to_str, is_cdata


class PFXRecord:
    """A VRP: who may originate which prefix, and down to which length.

    :param record: a cdata ``struct pfx_record *`` or ``struct pfx_record``
    """

    __slots__ = ("_keep", "_owner", "_record")

    def __init__(self, record: Any) -> None:
        if not is_cdata(record, "struct pfx_record *", "struct pfx_record"):
            raise TypeError("Type of record must be struct pfx_record *")
        self._record = record
        self._keep = self._owner = None

    @classmethod
    def _of(cls, record: Any, keep: Any, owner: Any) -> "PFXRecord":
        """The same without a look; keep is the memory that record is in, owner that of its socket."""
        self = cls.__new__(cls)
        self._record = record
        self._keep = keep
        self._owner = owner
        return self

    @property
    def asn(self) -> int:
        """The AS that may originate it; 0 for nobody."""
        return self._record.asn

    @property
    def max_len(self) -> int:
        """The longest prefix that it allows."""
        return self._record.max_len

    @property
    def min_len(self) -> int:
        """The length of its prefix."""
        return self._record.min_len

    @property
    def prefix(self) -> str:
        """The address of its prefix."""
        return ip_addr_to_str(ffi.addressof(self._record, "prefix"))

    @property
    def socket(self) -> RTRSocket:
        """The cache that it came from."""
        return RTRSocket(self._record.socket, self._owner)

    def __str__(self) -> str:
        return f"{self.prefix}/{self.min_len}-{self.max_len} {self.asn}"

    def __repr__(self) -> str:
        return f"<PFXRecord {self}>"


def copy_pfx_record(record: PFXRecord) -> PFXRecord:
    """A copy.  Ours need none to outlive a callback; the original's do."""
    if not isinstance(record, PFXRecord):
        raise TypeError("Type of record must be struct pfx_record *")
    copy = ffi.new("struct pfx_record *")
    source = record._record
    copy[0] = source[0] if is_cdata(source, "struct pfx_record *") else source
    return PFXRecord._of(copy, None, record._owner)


class SPKIRecord:
    """A BGPsec router key.

    :param record: a cdata ``struct spki_record *`` or ``struct spki_record``
    """

    __slots__ = ("_owner", "_socket", "asn", "ski", "spki")

    asn: int
    """The AS of the router."""

    ski: bytes
    """Subject key identifier, 20 bytes."""

    spki: bytes
    """Subject public key info in DER, of any length."""

    def __init__(self, record: Any) -> None:
        if not is_cdata(record, "struct spki_record *", "struct spki_record"):
            raise TypeError("Type of record must be struct spki_record *")
        self._take(record, None)

    def _take(self, record: Any, owner: Any) -> None:
        self.asn = record.asn
        self.ski = bytes(ffi.buffer(record.ski))
        self.spki = bytes(ffi.buffer(record.spki, record.spki_len)) if record.spki_len else b""
        self._socket = record.socket
        self._owner = owner

    @classmethod
    def _of(cls, record: Any, owner: Any) -> "SPKIRecord":
        self = cls.__new__(cls)
        self._take(record, owner)
        return self

    @property
    def socket(self) -> RTRSocket:
        """A cache of the group that it came from, the first where there are several."""
        return RTRSocket(self._socket, self._owner)

    def __repr__(self) -> str:
        return f"<SPKIRecord AS{self.asn} {self.ski.hex().upper()}>"
