# SPDX-License-Identifier: ISC
"""Very many routes by one call."""

import ipaddress
import mmap
import random
import tempfile
import threading
import unittest
from array import array

from rtrlib import PfxTable, RTRManager
from rtrlib.bulk import NO_ROUTE
from support import CacheTest

VALID, NOT_FOUND, INVALID = 0, 1, 2


class TextTest(unittest.TestCase):
    def setUp(self):
        self.table = PfxTable()
        self.addCleanup(self.table.close)
        self.table.add_record(64496, "192.0.2.0", 24, 26)
        self.table.add_record(64496, "2001:db8::", 32, 48)

    def states(self, text, **kwargs):
        return list(self.table.validate_many(text, **kwargs))

    def test_forms(self):
        for line, state in [
            ("192.0.2.0/24 AS64496", VALID), ("192.0.2.0/24 64496", VALID), ("192.0.2.0 24 64496", VALID),
            ("192.0.2.0/24 => AS64496", VALID), ("\t192.0.2.0/27   as64496\t\r", INVALID),
            ("192.0.2.77/26 64496", VALID), ("192.0.0.0/16 1", NOT_FOUND), ("192.0.2.0/24 64499 AS64497 64496", VALID),
            ("192.0.2.0/24 64496 {64497,64498}", INVALID), ("192.0.2.0/24 {1,2} 64496", VALID),
            ("192.0.0.0/16 {1}", NOT_FOUND), ("2001:db8::/48 64496", VALID), ("2001:DB8:0:0::/49 64496", INVALID),
            ("::/0 1", NOT_FOUND), ("192.0.2.0/24 64496 # ours", VALID), ("192.0.2.0/24 64496 #ours", VALID),
            ("", NO_ROUTE), (" \t", NO_ROUTE), ("# 192.0.2.0/24 64496", NO_ROUTE), ("192.0.2.0/24 0", INVALID),
            ("192.0.2.0/24 4294967295", INVALID),
        ]:
            with self.subTest(line=line):
                self.assertEqual(self.states(line + "\n"), [state])
                self.assertEqual(self.states(f"{line}\n::/0 1"), [state, NOT_FOUND])

    def test_malformed(self):
        for line in ("192.0.2.0/24", "192.0.2.0", "192.0.2.0 24", "192.0.2.0/33 1", "192.0.2.0 129 1", "192.0.2/24 1",
                     "192.0.2.0/ 1", "/24 1", "192.0.2.0/24 =>", "192.0.2.0/24 4294967296", "192.0.2.0/24 AS",
                     "192.0.2.0/24 -1", "192.0.2.0/24 1x", "192.0.2.0/24 {}", "192.0.2.0/24 {1", "192.0.2.0/24 {1,}",
                     "192.0.2.0/24 {,1}", "192.0.2.0/24 x 1", "192.0.2.0/24\0 1", "192.0.2.0/24 1\0",
                     "192.0.2.0/24 99999999999999999999999", "x" * 100000 + "/1 1", "2001:db8::/129 1",
                     "192.0.2.0 x 1"):
            with self.subTest(line=line[:40]):
                with self.assertRaisesRegex(ValueError, "^line 3: malformed route$"):
                    self.states(f"192.0.2.0/24 64496\n\n{line}\n::/0 1\n")
                self.assertEqual(self.states(f"192.0.2.0/24 64496\n{line}\n::/0 1\n", errors="skip"),
                                 [VALID, NO_ROUTE, NOT_FOUND])
        with self.assertRaises(ValueError):
            self.states("", errors="ignore")

    def test_sources(self):
        text = b"192.0.2.0/24 64496\n::/0 1\n"
        expected = [VALID, NOT_FOUND]
        for source in text, bytearray(text), memoryview(text), text.decode(), array("B", text):
            self.assertEqual(self.states(source), expected)
        with tempfile.TemporaryFile() as file:
            file.write(text)
            file.flush()
            with mmap.mmap(file.fileno(), 0) as mapped:
                self.assertEqual(self.states(mapped), expected)
        self.assertEqual(self.states(text.splitlines()), expected)
        self.assertEqual(self.states(iter(text.decode().splitlines())), expected)
        self.assertEqual(self.states([(64496, "192.0.2.0", 24), (1, "::", 0)]), expected)
        self.assertEqual(self.states([(1, ipaddress.ip_address("::"), 0)]), [NOT_FOUND])
        self.assertEqual(self.states(["192.0.2.0/24 64496", "", "# x"]), [VALID, NO_ROUTE, NO_ROUTE])
        for nothing in b"", "", [], bytearray():
            self.assertEqual(self.states(nothing), [])
        self.assertEqual(self.states(b"\n\n"), [NO_ROUTE, NO_ROUTE])
        with self.assertRaisesRegex(ValueError, "newline"):
            self.states(["192.0.2.0/24 64496\n::/0 1"])
        with self.assertRaises(TypeError):
            self.states([(1, "::", "0")])
        with self.assertRaises(TypeError):
            self.states(5)

    def test_result(self):
        states = self.table.validate_many(b"192.0.2.0/24 64496\n" * 5000)
        self.assertIs(type(states), array)
        self.assertEqual((states.typecode, states.count(VALID)), ("b", 5000))

    def test_columns(self):
        asns, lengths = array("I", [64496, 64496, 1]), bytes([24, 27, 8])
        addresses = array("I", [0xC0000200, 0xC0000200, 0x0A000000])
        expected = [VALID, INVALID, NOT_FOUND]
        self.assertEqual(list(self.table.validate_columns(asns, addresses, lengths)), expected)
        # Of any kind of buffer, aligned or not.
        odd = [memoryview(b"\0" + bytes(column))[1:] for column in (asns, addresses, lengths)]
        self.assertEqual(list(self.table.validate_columns(*odd)), expected)
        v6 = b"".join(ipaddress.ip_address(a).packed for a in ("2001:db8::", "2001:db8::", "::"))
        self.assertEqual(list(self.table.validate_columns(asns, v6, array("B", [32, 49, 0]))), expected)
        self.assertEqual(list(self.table.validate_columns(b"", b"", b"")), [])

    def test_bad_columns(self):
        four, one = array("I", [1]), bytes([8])
        for args, reason in [
            ((four, four, bytes([33])), "row 0: a length of 33"), ((four, bytes(16), bytes([129])), "129"),
            ((array("I", [1, 2]), four, one), "asns must be 1 numbers"), ((array("Q", [1]), four, one), "asns"),
            ((four, bytes(5), one), "addresses"), ((four, b"", one), "addresses"),
        ]:
            with self.assertRaisesRegex(ValueError, reason):
                self.table.validate_columns(*args)
        with self.assertRaises(TypeError):
            self.table.validate_columns([1], four, one)


class AgreementTest(unittest.TestCase):
    """All ways say the same, and what a plain search through all records says."""

    def test_agreement(self):
        rand = random.Random(6811)
        table, records = PfxTable(), []
        self.addCleanup(table.close)
        for _ in range(200):
            bits, kind = rand.choice([(32, ipaddress.IPv4Network), (128, ipaddress.IPv6Network)])
            length = rand.randint(4, 12)
            net = kind((rand.getrandbits(length) << (bits - length), length))
            records.append((rand.randint(0, 3), net, rand.randint(length, 16)))
            table.add_record(records[-1][0], str(net.network_address), length, records[-1][2])
        routes = []
        for _ in range(3000):
            bits, kind = rand.choice([(32, ipaddress.IPv4Network), (128, ipaddress.IPv6Network)])
            length = rand.randint(0, 18)
            address = rand.getrandbits(length) << (bits - length) if length else 0
            routes.append((rand.randint(0, 3), kind((address, length))))

        def plain(asn, net):
            covering = [r for r in records if r[1].version == net.version and net.subnet_of(r[1])]
            if any(r[0] == asn != 0 and net.prefixlen <= r[2] for r in covering):
                return VALID
            return INVALID if covering else NOT_FOUND

        expected = [plain(*route) for route in routes]
        self.assertEqual({VALID, INVALID, NOT_FOUND}, set(expected))
        text = "".join(f"{net} AS{asn}\n" for asn, net in routes)
        self.assertEqual(list(table.validate_many(text)), expected)
        one_by_one = [table.validate(asn, str(net.network_address), net.prefixlen) for asn, net in routes]
        self.assertEqual([result.state.value for result in one_by_one], expected)
        for asn, net in routes[:500]:
            result = table.validate_r(asn, str(net.network_address), net.prefixlen)
            self.assertEqual(result.state.value, plain(asn, net))
            if result.is_invalid:
                self.assertEqual(len(result.reason), len({r for r in records if r[1].version == net.version
                                                          and net.subnet_of(r[1])}))


class ThreadsTest(CacheTest):
    def test_many_threads(self):
        """Other Python threads run meanwhile, and all get the same answers."""
        text = b"192.0.2.0/24 64496\n10.20.0.0/16 1\n::/0 1\n" * 20000
        with RTRManager("127.0.0.1", self.server.port) as mgr:
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(mgr.validate_many(text))) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(answers, [array("b", [VALID, INVALID, NOT_FOUND] * 20000)] * 4)


if __name__ == "__main__":
    unittest.main()
