#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Print what comes from a cache and goes, until interrupted."""

import argparse
import signal
import sys

from rtrlib import RTRManager
from rtrlib.exceptions import RTRlibException


def sign(added):
    """How a change is marked."""
    return "+" if added else "-"


def pfx_callback(record, added):
    """Print a VRP."""
    line = "{} {:40} {:3} - {:3} {:10}"
    print(line.format(sign(added), record.prefix, record.max_len, record.min_len, record.asn), flush=True)


def spki_callback(record, added):
    """Print a router key."""
    print(f"{sign(added)} {record.asn}", flush=True)


def aspa_callback(record, added):
    """Print an ASPA."""
    print(f"{sign(added)} ASPA {record}", flush=True)


def main():
    """Follow the cache that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("protocol", choices=("tcp",))
    parser.add_argument("hostname")
    parser.add_argument("port", type=int)
    parser.add_argument("-k", action="store_true", help="print router keys")
    parser.add_argument("-p", action="store_true", help="print VRPs")
    parser.add_argument("-a", action="store_true", help="print ASPAs")
    args = parser.parse_args()
    mgr = RTRManager(
        args.hostname,
        args.port,
        pfx_update_callback=pfx_callback if args.p else None,
        spki_update_callback=spki_callback if args.k else None,
        aspa_update_callback=aspa_callback if args.a else None,
    )
    print("{:40}   {:3}   {:4}".format("Prefix", "Prefix Length", "ASN"), flush=True)
    try:
        with mgr:
            signal.pause()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    try:
        main()
    except (RTRlibException, BrokenPipeError) as e:
        sys.exit(f"{sys.argv[0]}: {e}")
