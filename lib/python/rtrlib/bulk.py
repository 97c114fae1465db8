# SPDX-License-Identifier: ISC
"""Validation of very many routes by one call."""

from array import array
from typing import Any, Iterable, Union

from ._vrp import ffi, lib

Routes = Union[str, bytes, bytearray, memoryview, Iterable[Any]]

NO_ROUTE = lib.VPY_NO_ROUTE
"""What a line without a route gets: -1."""


def validate_lines(view: Any, routes: Routes, strict: bool) -> "array[int]":
    """The state of every line of a text, or of every element of an iterable."""
    text, expected = _text_of(routes)
    data = ffi.from_buffer("char[]", text)
    count = lib.vpy_lines(data, len(data))
    if expected is not None and count != expected:
        raise ValueError("a route of the iterable holds a newline")
    states = array("b", bytes(count))
    if count:
        room = ffi.from_buffer("int8_t[]", states, True)
        line = lib.vpy_validate_lines(view, data, len(data), strict, room, count)
        if line:
            raise ValueError(f"line {line}: malformed route")
    return states


def _text_of(routes: Routes) -> "tuple[Any, int | None]":
    if isinstance(routes, str):
        return routes.encode(), None
    if isinstance(routes, (bytes, bytearray, memoryview)):
        return routes, None
    try:
        return memoryview(routes), None  # type: ignore[arg-type]  # a mapped file, for one
    except TypeError:
        lines = [_line(route) for route in routes]
        return "".join(lines).encode(), len(lines)


def _line(route: Any) -> str:
    if isinstance(route, bytes):
        return route.decode() + "\n"
    if isinstance(route, str):
        return route + "\n"
    asn, prefix, mask_len = route
    return "%s/%d %d\n" % (prefix, mask_len, asn)


def validate_columns(view: Any, asns: Any, addresses: Any, lengths: Any) -> "array[int]":
    """The state of every row of three buffers."""
    asns, addresses, lengths = (memoryview(column).cast("B") for column in (asns, addresses, lengths))
    count = len(lengths)
    if len(asns) != 4 * count:
        raise ValueError(f"asns must be {count} numbers of 32 bits, not {len(asns)} bytes")
    if len(addresses) == 4 * count:
        validate = lib.vpy_validate_ipv4
    elif len(addresses) == 16 * count:
        validate = lib.vpy_validate_ipv6
    else:
        raise ValueError(f"addresses must be {count} of 4 bytes or of 16, not {len(addresses)} bytes")
    states = array("b", bytes(count))
    if count:
        columns = (ffi.from_buffer(column) for column in (asns, addresses))
        row = validate(
            view, *columns, ffi.from_buffer("uint8_t[]", lengths), count, ffi.from_buffer("int8_t[]", states, True)
        )
        if row:
            raise ValueError(f"row {row - 1}: a length of {lengths[row - 1]} is out of range")
    return states


class Validator:
    """The calls for many routes, of whatever has a view."""

    def _view(self) -> Any:
        raise NotImplementedError

    def validate_many(self, routes: Routes, errors: str = "strict") -> "array[int]":
        """Validate many routes, in C, against one and the same table.

        :param routes: lines of text, as str, bytes or any buffer: ``PREFIX ORIGIN``, ``PREFIX => ORIGIN`` or
            ``ADDRESS LENGTH ORIGIN``, an origin with or without "AS"; or an iterable of such lines, or of
            tuples (asn, prefix, mask_len), which is slower
        :param errors: "strict": a malformed line is a ValueError with its number; "skip": it has no route
        :returns: the value of a PfxvState for each line, and -1 for a line without a route
        """
        if errors not in ("strict", "skip"):
            raise ValueError("errors must be 'strict' or 'skip'")
        return validate_lines(self._view(), routes, errors == "strict")

    def validate_columns(self, asns: Any, addresses: Any, lengths: Any) -> "array[int]":
        """Validate routes of one address family that are in columns, such as array.array or numpy arrays.

        :param asns: a buffer of 32-bit numbers
        :param addresses: a buffer of 32-bit numbers for IPv4, of 16 bytes in network order for IPv6
        :param lengths: a buffer of bytes
        :returns: the value of a PfxvState for each row
        """
        return validate_columns(self._view(), asns, addresses, lengths)
