# SPDX-License-Identifier: ISC
"""The two tools that the binding has."""

import signal
import subprocess
import sys
import tempfile
import unittest

from support import ROOT, TABLE, CacheTest, closed_port, delta, wait_until, Server

TOOLS = ROOT / "lib" / "python" / "tools"


def run(tool, *args, stdin=""):
    """Run a tool to its end."""
    done = subprocess.run([sys.executable, TOOLS / tool, *map(str, args)], input=stdin, capture_output=True, text=True,
                          timeout=120)
    return done.returncode, done.stdout, done.stderr


class ValidatorTest(CacheTest):
    def test_routes(self):
        routes = "192.0.2.0 24 64496\n192.0.2.0 27 64496\n  10.0.0.0 8 1\n2001:db8:: 48 64496\n"
        self.assertEqual(run("cli-validator.py", "127.0.0.1", self.server.port, stdin=routes), (0, "".join((
            "192.0.2.0/24 64496: 192.0.2.0/24 AS64496: PfxvState.valid\n",
            "192.0.2.0/27 64496: 192.0.2.0/27 AS64496: PfxvState.invalid\n",
            "10.0.0.0/8 1: 10.0.0.0/8 AS1: PfxvState.not_found\n",
            "2001:db8::/48 64496: 2001:db8::/48 AS64496: PfxvState.valid\n")), ""))

    def test_lines_that_are_no_routes(self):
        bad = ["x", "", "192.0.2.0 24", "192.0.2 24 1", "192.0.2.0 33 1", "192.0.2.0 24 4294967296", "1.1.1.1 1 1 1"]
        status, out, err = run("cli-validator.py", "localhost", self.server.port, stdin="\n".join(bad) + "\n")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, "".join(f"Invalid line '{b}'\nArguments required: IP Mask ASN\n" for b in bad))

    def test_no_cache(self):
        self.assertEqual(run("cli-validator.py", "127.0.0.1", closed_port()), (2, "Connection error\n", ""))

    def test_usage(self):
        self.assertEqual(run("cli-validator.py")[:2],
                         (2, f"Usage: {TOOLS / 'cli-validator.py'} [host] [port]\n"))


class ClientTest(unittest.TestCase):
    def follow(self, *options):
        """What it prints for a table and a change of it, until it is interrupted."""
        with Server(TABLE) as server, tempfile.NamedTemporaryFile("r") as out:
            with open(out.name, "w") as write:
                command = [sys.executable, TOOLS / "rtrclient.py", "tcp", "127.0.0.1", str(server.port), *options]
                process = subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE, text=True)
            try:
                def lines():
                    out.seek(0)
                    return out.read().splitlines()

                wait_until(lambda: len(lines()) > 2 or process.poll() is not None, "the table")
                before = len(lines())
                server.feed(delta(["203.0.113.0/24 24 AS1 - -", "aspa AS7 AS8 - -"], [TABLE[0], TABLE[5]]))
                wait_until(lambda: len(lines()) > before, "a change")
                process.send_signal(signal.SIGINT)
                err = process.communicate(timeout=60)[1]
                self.assertEqual((process.returncode, err), (0, ""))
                return lines()
            finally:
                process.kill()
                process.wait()

    def test_prefixes(self):
        lines = self.follow("-p")
        self.assertEqual(lines[0], "Prefix                                     Prefix Length   ASN ")
        self.assertEqual(lines[1], "+ 1.0.0.0                                   24 -  24      13335")
        self.assertIn("+ 2001:db8::                                48 -  32      64496", lines)
        self.assertIn("+ 203.0.113.0                               24 -  24          1", lines)
        self.assertIn("- 1.0.0.0                                   24 -  24      13335", lines)

    def test_router_keys(self):
        lines = self.follow("-k")
        self.assertEqual(lines[1:4], ["+ 64496", "+ 64497", "- 64496"])

    def test_aspas(self):
        lines = self.follow("-a")
        self.assertEqual(lines[1:4], ["+ ASPA 1 => [ 3, 4 ]", "+ ASPA 2 => [ 5 ]", "+ ASPA 7 => [ 8 ]"])

    def test_no_cache(self):
        status, _, err = run("rtrclient.py", "tcp", "127.0.0.1", closed_port())
        self.assertEqual(status, 1)
        self.assertIn("refused", err)
        self.assertNotIn("Traceback", err)


if __name__ == "__main__":
    unittest.main()
