# SPDX-License-Identifier: ISC
"""Where C calls Python: on a thread of the library's, which knows nothing of exceptions."""

import inspect
import threading
from typing import Any, Callable

from ._vrp import ffi, lib
from .records import PFXRecord

_here = threading.local()


def inside_callback() -> bool:
    """Is this thread within a callback, where nothing may wait for a client?"""
    return getattr(_here, "inside", False)


def report(exception: BaseException, where: Any) -> None:
    """Hand an exception that has nobody to catch it to sys.unraisablehook."""
    lib.vpy_unraisable(id(exception), id(where))


def call(function: Callable[..., Any], *args: Any) -> None:
    """Call a user's function on the library's thread."""
    try:
        function(*args)
    except BaseException as exception:  # pylint: disable=broad-exception-caught
        report(exception, function)


def with_data(callback: Callable[..., Any]) -> Callable[[Any, bool, Any], Any]:
    """A callback for updates, (record, added, data) or (record, added), as one of three arguments."""
    if not callable(callback):
        raise TypeError(f"callback must be callable, not {type(callback)}")
    try:
        signature = inspect.signature(callback)
    except (TypeError, ValueError):
        return callback  # one that can't be looked into, such as some written in C
    if _takes(signature, 3):
        return callback
    if _takes(signature, 2):
        return lambda record, added, data: callback(record, added)
    raise TypeError("callback must take 2 or 3 arguments: record, added, data")


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _deliver(context: Any, method: str, *args: Any) -> None:
    """Call a method of the Client that C has the handle of."""
    client = ffi.from_handle(context)
    _here.inside = True
    try:
        getattr(client, method)(*args)
    except BaseException as exception:  # pylint: disable=broad-exception-caught
        report(exception, client)
    finally:
        _here.inside = False


@ffi.def_extern()
def vpy_on_update(context: Any, update: Any) -> None:
    """The table has changed."""
    _deliver(context, "on_update", update)


@ffi.def_extern()
def vpy_on_cache(context: Any, cache: int, _status: Any) -> None:
    """A cache has gone to a state."""
    _deliver(context, "on_cache", cache)


@ffi.def_extern()
def vpy_on_group(context: Any, preference: int, state: int, _reason: Any) -> None:
    """A group has gone to a state."""
    _deliver(context, "on_group", preference, state)


@ffi.def_extern()
def pfx_table_callback(record: Any, handle: Any) -> None:
    """For lib.pfx_table_for_each_*: handle is that of a tuple (callback, data)."""
    callback, data = ffi.from_handle(handle)
    call(callback, PFXRecord(record), data)
