# SPDX-License-Identifier: ISC
"""Conversions, and an iterator over what a function says by callbacks."""

import queue
import threading
from typing import Any, Callable, Iterable

from ._vrp import ffi, lib
from .exceptions import IpConversionException


def ip_str_to_addr(ip_str: "str | bytes") -> Any:
    """An IPv4 or IPv6 address as a cdata ``struct lrtr_ip_addr *``."""
    addr = ffi.new("struct lrtr_ip_addr *")
    text = to_bytestr(ip_str)
    # C would see but what is before a NUL.
    if lib.lrtr_ip_str_to_addr(text, addr) != 0 or b"\0" in text:
        raise IpConversionException("String could not be converted")
    return addr


def ip_addr_to_str(ip_addr: Any) -> str:
    """The text of a cdata ``struct lrtr_ip_addr *``."""
    text = ffi.new("char[]", 128)
    if lib.lrtr_ip_addr_to_str(ip_addr, text, 128) != 0:
        raise IpConversionException("ip_addr object could not be converted")
    return to_unicodestr(ffi.string(text))


def to_bytestr(string: Any) -> Any:
    """A str as UTF-8; anything else as it is."""
    return string.encode("utf8") if isinstance(string, str) else string


def to_unicodestr(string: Any) -> Any:
    """Bytes of UTF-8 as a str; anything else as it is."""
    return string.decode("utf8") if isinstance(string, bytes) else string


def is_integer(var: Any) -> bool:
    """Is it an int?"""
    return isinstance(var, int)


def is_string(var: Any) -> bool:
    """Is it a str?"""
    return isinstance(var, str)


def is_cdata(var: Any, *types: str) -> bool:
    """Is it a C value of one of these types?"""
    return isinstance(var, ffi.CData) and any(ffi.typeof(var) is ffi.typeof(t) for t in types)


class StoppableThread(threading.Thread):
    """A thread that can be asked to stop: its function has to look at stopped() now and then."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stop_event = threading.Event()

    def stop(self) -> None:
        """Ask it."""
        self._stop_event.set()

    def stopped(self) -> bool:
        """Was it asked?"""
        return self._stop_event.is_set()


class _Feed:
    """What the thread of a CallbackGenerator has, which must not keep the generator itself alive."""

    def __init__(self, callback: Callable[[Any, queue.Queue], None]) -> None:
        self.callback = callback
        self.queue: queue.Queue = queue.Queue()
        self.thread: StoppableThread


class CallbackGenerator:
    """Iterate over what ``callback(item, queue)`` puts into its queue.

    ``function(*args, inner, data)`` runs in a thread of its own, and has to call
    ``inner(item, data)`` for each item.
    """

    _END = object()

    def __init__(
        self,
        function: Callable[..., Any],
        callback: Callable[[Any, queue.Queue], None],
        args: Iterable[Any] = (),
    ) -> None:
        def inner_callback(item: Any, data: _Feed) -> None:
            while not data.thread.stopped():
                try:
                    data.callback(item, data.queue)
                    break
                except queue.Full:
                    pass

        def run(*run_args: Any) -> None:
            try:
                function(*run_args)
            finally:
                feed.queue.put(self_end)

        self_end = self._END
        feed = _Feed(callback)
        feed.thread = StoppableThread(target=run, args=[*args, inner_callback, feed], daemon=True)
        self.callback = callback
        self.queue = feed.queue
        self.thread = feed.thread
        self._ended = False
        self.thread.start()

    def __del__(self) -> None:
        thread = getattr(self, "thread", None)
        if thread is not None:
            thread.stop()

    def __iter__(self) -> "CallbackGenerator":
        return self

    def __next__(self) -> Any:
        item = self._END if self._ended else self.queue.get()
        if item is self._END:
            self._ended = True
            raise StopIteration
        return item

    def next(self) -> Any:
        """The next item, as Python 2 had it."""
        return self.__next__()
