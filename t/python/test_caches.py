# SPDX-License-Identifier: ISC
"""Several caches by preference, router keys and ASPAs."""

import unittest

from rtrlib import ManagerGroupStatus, PfxvState, RTRManager
from rtrlib.aspa import ASPADirection, ASPARecord, ASPAState
from rtrlib.exceptions import RTRInitError
from rtrlib.rtr_socket import RTRSocketState
from support import LONG_SPKI, SKI, SPKI, CacheTest, Server, closed_port, router_key, wait_until

OURS = ["192.0.2.0/24 24 AS1 - -"]
THEIRS = ["192.0.2.0/24 24 AS2 - -"]


class CachesTest(unittest.TestCase):
    def test_fail_over(self):
        soon = ("--retry", "1s")
        with Server(OURS, options=soon) as first, Server(THEIRS) as second:
            seen = []
            mgr = RTRManager.from_caches([("127.0.0.1", first.port, 1), ("127.0.0.1", second.port, 2)],
                                         pfx_update_callback=lambda r, a: seen.append((r.asn, a)))
            with mgr:
                self.assertEqual([g.preference for g in mgr.groups()], [1, 2])
                self.assertEqual(mgr.validate(1, "192.0.2.0", 24), PfxvState.valid)
                self.assertEqual(mgr.validate(2, "192.0.2.0", 24), PfxvState.invalid)
                first.stop()
                wait_until(lambda: mgr.validate(2, "192.0.2.0", 24) == PfxvState.valid, "the second cache")
                self.assertEqual(mgr.validate(1, "192.0.2.0", 24), PfxvState.invalid)
                self.assertIs(mgr.groups()[1].status, ManagerGroupStatus.ESTABLISHED)
                self.assertEqual(seen, [(1, True), (2, True), (1, False)])
                # It is back, on the same port.
                with Server(OURS, port=first.port, options=soon):
                    wait_until(lambda: mgr.validate(1, "192.0.2.0", 24) == PfxvState.valid, "the first cache")

    def test_a_first_cache_that_was_never_there(self):
        with Server(THEIRS) as second:
            mgr = RTRManager("127.0.0.1", closed_port(), more_caches=[("127.0.0.1", second.port, 9)])
            mgr.start(timeout=60)
            self.assertEqual(mgr.validate(2, "192.0.2.0", 24), PfxvState.valid)
            self.assertIs(mgr.groups()[0].sockets[0].state, RTRSocketState.ERROR_TRANSPORT)
            self.assertIn("refused", mgr.groups()[0].sockets[0].reason)
            mgr.stop()

    def test_a_group_is_a_union(self):
        with Server(OURS) as one, Server(THEIRS) as other:
            with RTRManager.from_caches([("127.0.0.1", one.port), ("127.0.0.1", other.port)]) as mgr:
                wait_until(lambda: len(list(mgr.ipv4_records())) == 2, "both tables")
                (group,) = mgr.groups()
                self.assertEqual(group.sockets_len, 2)
                sources = {r.asn: r.socket.address for r in mgr.ipv4_records()}
                self.assertEqual(sources, {1: f"tcp://127.0.0.1:{one.port}", 2: f"tcp://127.0.0.1:{other.port}"})
                reasons = mgr.validate(3, "192.0.2.0", 24).reason
                self.assertEqual([r.record.socket.address for r in reasons], list(sources.values()))

    def test_keys_are_of_the_group_in_use(self):
        with Server([router_key(1, SKI, SPKI)]) as second:
            mgr = RTRManager.from_caches([("127.0.0.1", closed_port(), 1), ("127.0.0.1", second.port, 2)])
            mgr.start(timeout=60)
            (key,) = mgr.spki_records()
            self.assertEqual(key.socket.address, f"tcp://127.0.0.1:{second.port}")
            mgr.stop()

    def test_arguments(self):
        with self.assertRaises(ValueError):
            RTRManager.from_caches([])
        with self.assertRaisesRegex(RTRInitError, "^Error during initialization: preference"):
            RTRManager.from_caches([("127.0.0.1", 1, 256)])


class KeysAndPathsTest(CacheTest):
    def setUp(self):
        self.mgr = RTRManager("127.0.0.1", self.server.port)
        self.addCleanup(self.mgr.stop)
        self.mgr.start()

    def test_router_keys(self):
        self.assertEqual([(k.asn, k.ski, k.spki) for k in self.mgr.spki_records()],
                         [(64496, SKI, SPKI), (64497, SKI, LONG_SPKI)])
        (key,) = self.mgr.get_spki(64497, SKI)
        self.assertEqual(key.spki, LONG_SPKI)
        self.assertEqual(key.socket.version, 2)
        self.assertEqual(self.mgr.get_spki(64497, bytes(20)), [])
        with self.assertRaises(ValueError):
            self.mgr.get_spki(64497, b"x")

    def test_aspa_records(self):
        self.assertEqual(list(self.mgr.aspa_records()), [ASPARecord(1, (3, 4)), ASPARecord(2, (5,))])
        self.assertEqual(str(ASPARecord(1, (3, 4))), "1 => [ 3, 4 ]")


class PathTest(unittest.TestCase):
    """The examples of the draft, as rtrlib has them: the neighbour first."""

    def test_paths(self):
        table = ["aspa AS1 AS3,AS4 - -", "aspa AS2 AS5 - -", "aspa AS3 AS6 - -", "aspa AS4 AS6,AS7 - -",
                 "aspa AS7 AS0 - -"]
        up = {"6 3 1": "valid", "4 3 1": "invalid", "4 6 3 1": "unknown", "4 5 2": "unknown", "1 4 5 2": "invalid",
              "5 2": "valid"}
        down = {"5 7 6 3 1": "unknown", "5 7 4 1": "valid", "5 4 3 1": "unknown", "5 7 4 3 1": "invalid",
                "3 6 4 7": "unknown", "4 7 5 2": "valid", "3 4 7 5 2": "invalid", "5 1": "valid"}
        with Server(table) as server, RTRManager("127.0.0.1", server.port) as mgr:
            for direction, paths in (ASPADirection.upstream, up), (ASPADirection.downstream, down):
                for path, state in paths.items():
                    asns = [int(asn) for asn in path.split()]
                    self.assertIs(mgr.verify_as_path(asns, direction), ASPAState[state], f"{direction} {path}")
                    self.assertIs(mgr.verify_as_path(asns, direction, neighbour=asns[0]), ASPAState[state])
                    self.assertIs(mgr.verify_as_path(asns, direction, neighbour=99), ASPAState.invalid)
                    self.assertIs(mgr.verify_as_path(asns, direction, has_set=True), ASPAState.invalid)
            self.assertIs(mgr.verify_as_path([], ASPADirection.upstream), ASPAState.invalid)


if __name__ == "__main__":
    unittest.main()
