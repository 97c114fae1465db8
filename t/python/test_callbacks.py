# SPDX-License-Identifier: ISC
"""Callbacks: what they are given, of either arity, and what may go wrong in them."""

import functools
import gc
import sys
import threading
import unittest

from rtrlib import ManagerGroupStatus, PfxvState, RTRManager
from rtrlib.aspa import ASPARecord
from rtrlib.exceptions import RTRlibException
from rtrlib.manager_group import ManagerGroup
from rtrlib.records import PFXRecord, SPKIRecord, copy_pfx_record
from rtrlib.rtr_socket import RTRSocket, RTRSocketState
from support import LONG_SPKI, SKI, SPKI, TABLE, CacheTest, Server, closed_port, delta, wait_until

RECORDS = ["1.0.0.0/24-24 13335", "10.10.0.0/16-24 12345", "10.20.0.0/16-16 0", "192.0.2.0/24-26 64496",
           "2001:db8::/32-48 64496"]


class Unraisable:
    """What goes to sys.unraisablehook."""

    def __enter__(self):
        self.caught = []
        self._before, sys.unraisablehook = sys.unraisablehook, self._hook
        return self.caught

    def _hook(self, args):
        self.caught.append((args.exc_type, str(args.exc_value), args.exc_traceback is not None, args.object))

    def __exit__(self, *_):
        sys.unraisablehook = self._before


class CallbackTest(CacheTest):
    def manager(self, **kwargs):
        mgr = RTRManager("127.0.0.1", self.server.port, **kwargs)
        self.addCleanup(mgr.stop)
        return mgr

    def test_usage_print_pfx_updates(self):
        """The example "Print PFX updates" of the original's documentation."""
        printed = []

        def callback(pfx_record, added, data):
            printed.append("%s %s" % ("+" if added else "-", pfx_record))

        mgr = self.manager(pfx_update_callback=callback)
        mgr.start()
        mgr.stop()
        self.assertEqual(printed, [f"+ {r}" for r in RECORDS] + [f"- {r}" for r in RECORDS])

    def test_arities(self):
        seen = []

        def two(record, added):
            seen.append(("two", str(record), added))

        def three(record, added, data):
            seen.append((data, str(record), added))

        def any_number(*args):
            seen.append((args[2], str(args[0]), args[1]))

        class Both:
            def two(self, record, added):
                two(record, added)

            def __call__(self, record, added, data=None):
                three(record, added, data)

        for callback, data in [(two, "two"), (three, 3), (any_number, 4), (Both().two, "two"), (Both(), 5),
                               (functools.partial(three, data="two"), "two"), (lambda r, a: two(r, a), "two")]:
            del seen[:]
            mgr = self.manager(pfx_update_callback=callback, pfx_update_callback_data=data)
            mgr.start()
            mgr.stop()
            self.assertEqual(seen, [(data, r, True) for r in RECORDS] + [(data, r, False) for r in RECORDS])

        for bad in lambda: None, lambda r: None, lambda a, b, c, d: None:
            with self.assertRaisesRegex(TypeError, "2 or 3 arguments"):
                self.manager(pfx_update_callback=bad)
        with self.assertRaisesRegex(TypeError, "callable"):
            self.manager(spki_update_callback="x")

    def test_added_is_a_bool_and_records_stay(self):
        seen = []
        mgr = self.manager(pfx_update_callback=lambda r, added: seen.append((r, added)))
        mgr.start()
        mgr.stop()
        del mgr
        gc.collect()
        self.assertTrue(all(type(added) is bool and type(r) is PFXRecord for r, added in seen))
        self.assertEqual([str(r) for r, _ in seen], RECORDS * 2)
        self.assertEqual([str(copy_pfx_record(r)) for r, _ in seen], RECORDS * 2)
        self.assertIs(seen[0][0].socket.state, RTRSocketState.SHUTDOWN)

    def test_router_keys(self):
        for two in False, True:
            seen = []
            add = (lambda k, added: seen.append((k, added, 1))) if two else (lambda k, added, data: seen.append(
                (k, added, data)))
            mgr = self.manager(spki_update_callback=add, spki_update_callback_data=1)
            mgr.start()
            mgr.stop()
            self.assertTrue(all(type(k) is SPKIRecord for k, _, _ in seen))
            expected = [(64496, SKI, SPKI), (64497, SKI, LONG_SPKI)]
            self.assertEqual([(k.asn, k.ski, k.spki, added, data) for k, added, data in seen],
                             [(*k, added, 1) for added in (True, False) for k in expected])

    def test_aspas(self):
        for two in False, True:
            seen = []
            add = (lambda a, added: seen.append((a, added, 1))) if two else (lambda a, added, data: seen.append(
                (a, added, data)))
            mgr = self.manager(aspa_update_callback=add, aspa_update_callback_data=1)
            mgr.start()
            mgr.stop()
            expected = [ASPARecord(1, (3, 4)), ASPARecord(2, (5,))]
            self.assertEqual(seen, [(a, added, 1) for added in (True, False) for a in expected])

    def test_status(self):
        seen = []

        def status(group, state, sock, data):
            self.assertIs(type(group), ManagerGroup)
            self.assertIs(type(sock), RTRSocket)
            self.assertEqual((group.preference, group.sockets_len), (1, 1))
            seen.append((state, sock.state, group.status, group.sockets[0].state, data))

        data = object()
        mgr = self.manager(status_callback=status, status_callback_data=data)
        mgr.start()
        mgr.stop()
        self.assertTrue(all(d is data for *_, d in seen))
        self.assertIn((ManagerGroupStatus.CONNECTING, RTRSocketState.SYNC), [s[:2] for s in seen])
        self.assertIn((ManagerGroupStatus.ESTABLISHED, RTRSocketState.ESTABLISHED), [s[:2] for s in seen])
        self.assertEqual((seen[-1][0], seen[-1][1]), (ManagerGroupStatus.CLOSED, RTRSocketState.SHUTDOWN))
        # A state that is asked for is that of the moment, which on this thread is that of the call.
        self.assertTrue(all(state is status and sock is of_group for state, sock, status, of_group, _ in seen))

    def test_status_of_a_cache_that_is_not_there(self):
        error = threading.Event()

        def status(group, state, sock, data):
            if state == ManagerGroupStatus.ERROR:
                data.set()

        mgr = RTRManager("127.0.0.1", closed_port(), status_callback=status, status_callback_data=error)
        self.addCleanup(mgr.stop)
        mgr.start(wait=False)
        self.assertTrue(error.wait(60))

    def test_status_exceptions(self):
        with Unraisable() as caught:
            mgr = self.manager(status_callback=lambda: None)
            mgr.start()
            mgr.stop()
        self.assertTrue(caught)
        self.assertEqual({exc_type for exc_type, *_ in caught}, {TypeError})

    def test_exceptions_are_not_lost_and_end_nothing(self):
        for exception in ValueError("oops"), KeyboardInterrupt("oops"), SystemExit("oops"):
            def callback(record, added, _exception=exception):
                raise _exception

            with Unraisable() as caught:
                mgr = self.manager(pfx_update_callback=lambda r, a, d: callback(r, a))
                mgr.start()
                self.assertEqual(mgr.validate(64496, "192.0.2.0", 24), PfxvState.valid)
                mgr.stop()
            self.assertEqual([c[:3] for c in caught], [(type(exception), "oops", True)] * 10)
            self.assertTrue(all(callable(c[3]) for c in caught))

    def test_exceptions_are_printed(self):
        from test_manager import run_python

        code = f"""if True:
            from rtrlib import RTRManager
            def broken(record, added):
                raise ValueError("oops")
            with RTRManager("127.0.0.1", {self.server.port}, pfx_update_callback=broken):
                print("alive")"""
        status, out, err = run_python(code)
        self.assertEqual((status, out), (0, "alive\n"))
        self.assertIn("broken", err)
        self.assertEqual(err.count("ValueError: oops"), 10)

    def test_an_iteration_raises_what_its_callback_raises(self):
        def callback(record, data):
            raise ValueError("oops")

        with self.manager() as mgr:
            with self.assertRaisesRegex(ValueError, "oops"):
                mgr.for_each_ipv4_record(callback, None)

    def test_asking_from_a_callback(self):
        seen = []

        def callback(record, added):
            seen.append((mgr.validate(64496, "192.0.2.0", 24).state, mgr.is_synced() in (True, False),
                         len(list(mgr.ipv4_records())), mgr.groups()[0].sockets[0].version))

        mgr = self.manager(pfx_update_callback=callback)
        mgr.start()
        mgr.stop()
        self.assertEqual(seen, [(PfxvState.valid, True, 4, 2)] * 5 + [(PfxvState.not_found, True, 0, 2)] * 5)

    def test_stop_from_a_callback(self):
        refused, stopped = [], threading.Event()

        def callback(record, added):
            if added and not stopped.is_set():
                for forbidden in mgr.start, mgr.wait_for_sync:
                    try:
                        forbidden()
                    except RTRlibException as e:
                        refused.append(str(e))
                mgr.stop()
                stopped.set()

        mgr = self.manager(pfx_update_callback=callback)
        mgr.start(wait=False)
        self.assertTrue(stopped.wait(60))
        wait_until(lambda: not list(mgr.ipv4_records()) and not mgr.is_synced(), "the stop")
        self.assertEqual(len(refused), 2)
        mgr.stop()

    def test_the_last_reference_goes_in_a_callback(self):
        done = threading.Event()
        holder = []

        def callback(record, added):
            holder.clear()
            gc.collect()
            done.set()

        holder.append(RTRManager("127.0.0.1", self.server.port, pfx_update_callback=callback))
        holder[0].start(wait=False)
        self.assertTrue(done.wait(60))

    def test_stop_waits_for_a_callback(self):
        inside, leave, left = threading.Event(), threading.Event(), threading.Event()

        def callback(record, added):
            if added and not inside.is_set():
                inside.set()
                leave.wait(60)
                left.set()

        mgr = self.manager(pfx_update_callback=callback)
        mgr.start(wait=False)
        self.assertTrue(inside.wait(60))
        threading.Timer(0.2, leave.set).start()
        mgr.stop()
        self.assertTrue(left.is_set())

    def test_two_managers_have_callbacks_of_their_own(self):
        """The original had one set of callbacks for all."""
        seen = {1: [], 2: []}
        managers = [self.manager(pfx_update_callback=lambda r, a, data: seen[data].append(str(r)),
                                 pfx_update_callback_data=i) for i in seen]
        for mgr in managers:
            mgr.start()
        self.assertEqual(seen, {1: RECORDS, 2: RECORDS})


class ChangeTest(unittest.TestCase):
    def test_changes(self):
        seen = []

        def note(kind):
            return lambda record, added: seen.append(f"{'+' if added else '-'} {kind} {record}")

        with Server(TABLE) as server:
            mgr = RTRManager("127.0.0.1", server.port, pfx_update_callback=note("pfx"),
                             aspa_update_callback=note("aspa"))
            with mgr:
                del seen[:]
                server.feed(delta(["203.0.113.0/24 24 AS1 - -", "aspa AS1 AS7 - -", "aspa AS9 AS0 - -"],
                                  ["1.0.0.0/24 24 AS13335 - -", "aspa AS1 AS3,AS4 - -"]))
                wait_until(lambda: len(seen) == 5, "five changes")
                # What comes is told before what goes, so that nothing is invalid in between; ASPAs the other way.
                self.assertEqual(seen, ["+ pfx 203.0.113.0/24-24 1", "- pfx 1.0.0.0/24-24 13335",
                                        "- aspa 1 => [ 3, 4 ]", "+ aspa 1 => [ 7 ]", "+ aspa 9 => [ 0 ]"])


if __name__ == "__main__":
    unittest.main()
