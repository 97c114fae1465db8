# SPDX-License-Identifier: ISC
"""What the tests share: a real cache, fed by hand, and waiting without sleeping for a guess."""

import base64
import os
import re
import subprocess
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("VRP_BIN", ROOT / "build" / "bin"))

# Seconds after which something that has to happen counts as never.
WAIT = float(os.environ.get("WAIT", "60"))

SKI = bytes(range(20))
SPKI = b"\x30\x59" + bytes(89)  # 91 bytes, as with P-256
LONG_SPKI = b"\x30\x82\x01\x22" + bytes(290)  # as with RSA of 2048 bits


def router_key(asn, ski, spki):
    """A line of vrp(5)."""
    return f"router-key AS{asn} {ski.hex().upper()} {base64.b64encode(spki).decode()} - -"


TABLE = [
    "1.0.0.0/24 24 AS13335 - -",
    "10.10.0.0/16 24 AS12345 - -",
    "10.20.0.0/16 16 AS0 - -",
    "192.0.2.0/24 26 AS64496 - -",
    "2001:db8::/32 48 AS64496 - -",
    router_key(64496, SKI, SPKI),
    router_key(64497, SKI, LONG_SPKI),
    "aspa AS1 AS3,AS4 - -",
    "aspa AS2 AS5 - -",
]


def snapshot(lines):
    """A table as a block of vrp(5)."""
    return "%snapshot\n" + "".join(line + "\n" for line in lines) + "~end\n"


def delta(added=(), removed=()):
    """A change as a block of vrp(5)."""
    lines = [f"-{line}" for line in removed] + [f"+{line}" for line in added]
    return "%delta\n" + "".join(line + "\n" for line in lines) + "~end\n"


def wait_until(condition, what="it"):
    """Until a condition holds, or fail."""
    end = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"gave up waiting for {what}")
        time.sleep(0.01)


class Server:
    """rtr-serve on a free port, with its standard input in our hands."""

    def __init__(self, lines=None, port=0, options=()):
        command = [BIN / "rtr-serve", "-l", f"127.0.0.1:{port}", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.log = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.port = int(self.wait_log(r"listening on [^ ]*:([0-9]+)").group(1))
        if lines is not None:
            self.feed(snapshot(lines))
            self.wait_log(r"serial 1:")

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)

    def wait_log(self, pattern):
        """Until a line of its log matches."""
        found = []

        def search():
            found[:] = [m for m in (re.search(pattern, line) for line in list(self.log)) if m]
            return found or self.process.poll() is not None

        wait_until(search, f"'{pattern}' in {self.log}")
        if not found:
            raise AssertionError(f"no '{pattern}' in {self.log}")
        return found[0]

    def feed(self, text):
        """Hand it a block."""
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def stop(self):
        """End it."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdin.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class CacheTest(unittest.TestCase):
    """Tests with one cache that has TABLE."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(TABLE)
        cls.addClassCleanup(cls.server.stop)


def closed_port():
    """A port that nobody listens on: where a cache was, a moment ago."""
    with Server() as server:
        return server.port
