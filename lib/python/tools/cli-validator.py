#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Validate the routes of standard input, one a line: IP LEN ASN."""

import re
import sys
import time

from rtrlib import ManagerGroupStatus, RTRManager
from rtrlib.exceptions import RTRlibException

ROUTE = re.compile(r"^([0-9a-fA-F.:]+) ([0-9]{1,3}) ([0-9]{1,10})$")


class Status:  # pylint: disable=too-few-public-methods
    """What the status callback leaves for the main thread."""

    error = False


def status_callback(_group, group_status, _socket, data):
    """Note a cache that doesn't work."""
    if group_status == ManagerGroupStatus.ERROR:
        data.error = True


def answer(mgr, line):
    """What to print for a line."""
    match = ROUTE.match(line)
    if match:
        prefix, length, asn = match.group(1), int(match.group(2)), int(match.group(3))
        try:
            return f"{prefix}/{length} {asn}: {mgr.validate(asn, prefix, length)}"
        except (RTRlibException, OverflowError):
            pass
    return f"Invalid line '{line}'\nArguments required: IP Mask ASN"


def main():
    """Validate by the cache that the arguments name; the exit status."""
    if len(sys.argv) < 3:
        print(f"Usage: {sys.argv[0]} [host] [port]")
        return 2
    status = Status()
    mgr = RTRManager(sys.argv[1], sys.argv[2], status_callback=status_callback, status_callback_data=status)
    mgr.start(wait=False)
    while not mgr.is_synced():
        if status.error:
            print("Connection error")
            return 2
        time.sleep(0.02)
    for line in sys.stdin:
        print(answer(mgr, line.strip()), flush=True)
    mgr.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
