# SPDX-License-Identifier: ISC
"""ASPAs (draft-ietf-sidrops-aspa-verification), which the original knows nothing of."""

from enum import Enum
from typing import Any, NamedTuple

from ._vrp import ffi, lib


class ASPARecord(NamedTuple):
    """The providers of a customer."""

    customer_asn: int
    provider_asns: "tuple[int, ...]"
    """Ascending; (0,) says that it has none."""

    def __str__(self) -> str:
        return f"{self.customer_asn} => [ {', '.join(map(str, self.provider_asns))} ]"

    @classmethod
    def _of(cls, record: Any) -> "ASPARecord":
        return cls(record.customer, tuple(ffi.unpack(record.providers, record.provider_count)))


class ASPAState(Enum):
    """What ASPAs say of a path."""

    valid = lib.VRP_PATH_VALID
    """It has no valley."""

    unknown = lib.VRP_PATH_UNKNOWN
    """Too few ASes have an ASPA to tell."""

    invalid = lib.VRP_PATH_INVALID
    """It is a route leak, or made up."""


class ASPADirection(Enum):
    """Who a path came from."""

    upstream = lib.VRP_PATH_UPSTREAM
    """A customer, a lateral peer, or a client of our route server."""

    downstream = lib.VRP_PATH_DOWNSTREAM
    """A provider."""
