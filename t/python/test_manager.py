# SPDX-License-Identifier: ISC
"""RTRManager against a live cache: questions, iterators, life and errors."""

import gc
import os
import socket
import sys
import threading
import time
import unittest
import weakref

from rtrlib import ManagerGroupStatus, PfxvState, RTRManager
from rtrlib.exceptions import IpConversionException, PFXException, RTRInitError, SyncTimeout
from rtrlib.rtr_socket import RTRSocketState
from support import TABLE, CacheTest, Server, closed_port, delta, snapshot, wait_until


class LiveTest(CacheTest):
    def setUp(self):
        self.mgr = RTRManager("127.0.0.1", self.server.port)
        self.addCleanup(self.mgr.stop)

    def test_usage_validation(self):
        """The example "Validation" of the original's documentation."""
        self.mgr.start()
        result = self.mgr.validate(12345, "10.10.0.0", 24)
        if result == PfxvState.valid:
            text = "Prefix Valid"
        elif result == PfxvState.invalid:
            text = "Prefix Invalid"
        elif result == PfxvState.not_found:
            text = "Prefix not found"
        else:
            text = "Invalid response"
        self.mgr.stop()
        self.assertEqual(text, "Prefix Valid")

    def test_usage_iterator(self):
        """The example "PFX Table iteration (with iterator)"."""
        self.mgr.start()
        self.assertEqual([str(r) for r in self.mgr.ipv4_records()],
                         ["1.0.0.0/24-24 13335", "10.10.0.0/16-24 12345", "10.20.0.0/16-16 0", "192.0.2.0/24-26 64496"])
        self.assertEqual([str(r) for r in self.mgr.ipv6_records()], ["2001:db8::/32-48 64496"])

    def test_usage_iteration_with_callback(self):
        """The example "PFX Table iteration (with callback)"."""
        seen = []

        def callback(pfx_record, data):
            seen.append(f"{data} {pfx_record}")

        self.mgr.start()
        self.mgr.for_each_ipv4_record(callback, 4)
        self.mgr.for_each_ipv6_record(callback, 6)
        self.assertEqual(len(seen), 5)
        self.assertEqual((seen[0], seen[-1]), ("4 1.0.0.0/24-24 13335", "6 2001:db8::/32-48 64496"))

    def test_states_and_reasons(self):
        with self.mgr as mgr:
            for asn, prefix, length, state in [
                (64496, "192.0.2.0", 24, "valid"), (64496, "192.0.2.64", 26, "valid"),
                (64496, "192.0.2.0", 27, "invalid"), (1, "192.0.2.0", 24, "invalid"),
                (64496, "192.0.0.0", 16, "not_found"), (64496, "2001:db8:1::", 48, "valid"),
                (64496, "2001:db8::", 49, "invalid"), (64496, "::", 0, "not_found"), (0, "10.20.0.0", 16, "invalid"),
            ]:
                result = mgr.validate(asn, prefix, length)
                self.assertEqual(str(result), f"{prefix}/{length} AS{asn}: PfxvState.{state}")
                self.assertEqual(result.reason is None, state == "not_found")
            result = mgr.validate(1, "192.0.2.0", 27)
            self.assertTrue(result.as_invalid and result.length_invalid)
            self.assertEqual([str(r) for r in result.reason],
                             ["192.0.2.0/24-26 64496: as_valid = False, length_valid = False"])
            self.assertIs(result.reason[0].record.socket.state, RTRSocketState.ESTABLISHED)

    def test_arguments(self):
        with self.mgr as mgr:
            with self.assertRaisesRegex(TypeError, "^asn must be integer not <class 'str'>$"):
                mgr.validate("1", "192.0.2.0", 24)
            with self.assertRaisesRegex(TypeError, "^mask_len must be integer not <class 'str'>$"):
                mgr.validate(1, "192.0.2.0", "24")
            with self.assertRaisesRegex(IpConversionException, "^String could not be converted$"):
                mgr.validate(1, "192.0.2", 24)
            with self.assertRaisesRegex(PFXException, "^An error occurred during validation$"):
                mgr.validate(1, "192.0.2.0", 33)

    def test_before_and_after(self):
        self.assertFalse(self.mgr.is_synced())
        self.assertEqual(self.mgr.validate(64496, "192.0.2.0", 24), PfxvState.not_found)
        self.mgr.start()
        self.assertTrue(self.mgr.is_synced())
        result = self.mgr.validate(64496, "192.0.2.0", 24)
        record = next(self.mgr.ipv4_records())
        self.mgr.stop()
        self.assertFalse(self.mgr.is_synced())
        self.assertEqual(self.mgr.validate(64496, "192.0.2.0", 24), PfxvState.not_found)
        self.assertEqual(list(self.mgr.ipv4_records()), [])
        # What was handed out stays.
        self.assertEqual(result, PfxvState.valid)
        self.assertEqual(str(result.reason[0].record), "192.0.2.0/24-26 64496")
        self.assertEqual(str(record), "1.0.0.0/24-24 13335")
        self.assertIs(record.socket.state, RTRSocketState.SHUTDOWN)

    def test_again(self):
        for _ in range(3):
            self.mgr.start()
            self.mgr.start()
            self.assertEqual(self.mgr.validate(64496, "192.0.2.0", 24), PfxvState.valid)
            self.mgr.stop()
            self.mgr.stop()

    def test_iterator_goes_on_with_the_table_it_began_with(self):
        self.mgr.start()
        records, keys, aspas = self.mgr.ipv4_records(), self.mgr.spki_records(), self.mgr.aspa_records()
        next(records)
        self.mgr.stop()
        del self.mgr
        gc.collect()
        self.assertEqual((len(list(records)), len(list(keys)), len(list(aspas))), (3, 2, 2))

    def test_group_and_socket(self):
        with self.mgr as mgr:
            (group,) = mgr.groups()
            self.assertEqual((group.preference, group.sockets_len), (1, 1))
            self.assertIs(group.status, ManagerGroupStatus.ESTABLISHED)
            sock = group.sockets[0]
            self.assertIs(sock.state, RTRSocketState.ESTABLISHED)
            self.assertEqual((sock.refresh_interval, sock.retry_interval, sock.expire_interval), (3600, 600, 7200))
            self.assertLess(abs(sock.last_update - time.time()), 600)
            self.assertEqual(sock.version, 2)
            self.assertIs(sock.has_recieved_pdus, True)
            self.assertEqual(sock.address, f"tcp://127.0.0.1:{self.server.port}")
        self.assertIs(group.status, ManagerGroupStatus.CLOSED)
        self.assertIs(sock.state, RTRSocketState.SHUTDOWN)

    def test_host_and_port(self):
        for host, port in ("localhost", str(self.server.port)), (b"127.0.0.1", self.server.port):
            with RTRManager(host, port) as mgr:
                self.assertTrue(mgr.is_synced())

    def test_exit_does_not_hide_exceptions(self):
        with self.assertRaises(ZeroDivisionError):
            with self.mgr:
                1 / 0  # pylint: disable=pointless-statement
        self.assertFalse(self.mgr.is_synced())

    def test_a_dropped_manager_ends(self):
        before = threading.active_count(), len(os.listdir("/proc/self/task"))
        self.mgr.start()
        gone = weakref.ref(self.mgr._client)
        self._cleanups.clear()
        # At once, for there is no cycle.
        gc.disable()
        self.addCleanup(gc.enable)
        del self.mgr
        self.assertIsNone(gone())
        wait_until(lambda: (threading.active_count(), len(os.listdir("/proc/self/task"))) == before, "its threads")

    def test_a_dropped_cycle_ends(self):
        class Follower:
            def __init__(self, port):
                self.mgr = RTRManager("127.0.0.1", port, pfx_update_callback=self.update)

            def update(self, record, added, data):
                pass

        follower = Follower(self.server.port)
        follower.mgr.start()
        gone = weakref.ref(follower.mgr._client)
        del follower
        gc.collect()
        self.assertIsNone(gone())


class UpdateTest(unittest.TestCase):
    def test_the_table_follows(self):
        with Server(TABLE) as server, RTRManager("127.0.0.1", server.port, refresh_interval=1) as mgr:
            self.assertEqual(mgr.validate(1, "203.0.113.0", 24), PfxvState.not_found)
            server.feed(delta(["203.0.113.0/24 24 AS1 - -"], ["1.0.0.0/24 24 AS13335 - -"]))
            wait_until(lambda: mgr.validate(1, "203.0.113.0", 24) == PfxvState.valid)
            self.assertEqual(mgr.validate(13335, "1.0.0.0", 24), PfxvState.not_found)


class ErrorTest(unittest.TestCase):
    def test_intervals(self):
        for name, bad in [("refresh_interval", (0, -1, 86401, 1 << 70)), ("expire_interval", (599, 172801)),
                          ("retry_interval", (0, 7201))]:
            for value in bad:
                with self.assertRaisesRegex(RTRInitError, "^refresh_interval or the expire_interval is invalid.$"):
                    RTRManager("127.0.0.1", 1, **{name: value})
        with self.assertRaises(TypeError):
            RTRManager("127.0.0.1", 1, refresh_interval="1")
        RTRManager("127.0.0.1", 1, 86400, 172800, 7200)
        RTRManager("127.0.0.1", 1, 1, 600, 1)

    def test_port(self):
        for bad in None, 1.0, b"1", [1]:
            with self.assertRaisesRegex(TypeError, "^port must be integer or string$"):
                RTRManager("127.0.0.1", bad)
        for bad in 65536, -1, "no-such-service":
            with self.assertRaisesRegex(RTRInitError, "^Error during initialization"):
                RTRManager("127.0.0.1", bad)
        RTRManager("127.0.0.1", "http")
        RTRManager("::1", 1)

    def test_sync_timeout(self):
        mgr = RTRManager("127.0.0.1", closed_port())
        began = time.monotonic()
        with self.assertRaises(SyncTimeout) as caught:
            mgr.start(timeout=0.3)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.assertIn("refused", str(caught.exception))
        self.assertFalse(mgr.is_synced())
        with self.assertRaises(SyncTimeout):
            mgr.wait_for_sync(1)
        mgr.stop()
        with self.assertRaises(SyncTimeout):
            mgr.wait_for_sync(0.1)

    def test_sync_timeout_in_a_thread(self):
        """The original's needs a signal, which only the main thread can have."""
        caught = []

        def run():
            try:
                RTRManager("127.0.0.1", closed_port()).start(timeout=0.2)
            except BaseException as e:  # pylint: disable=broad-exception-caught
                caught.append(type(e))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        self.assertEqual(caught, [SyncTimeout])

    def test_sync_timeout_leaves_the_manager_trying(self):
        with Server() as server:
            mgr = RTRManager("127.0.0.1", server.port, retry_interval=1)
            self.addCleanup(mgr.stop)
            with self.assertRaises(SyncTimeout):
                mgr.start(timeout=0.2)
            server.feed(snapshot(TABLE))
            mgr.wait_for_sync(timeout=0)  # for ever
            self.assertEqual(mgr.validate(64496, "192.0.2.0", 24), PfxvState.valid)

    def test_start_without_waiting(self):
        mgr = RTRManager("127.0.0.1", closed_port())
        mgr.start(wait=False)
        self.assertFalse(mgr.is_synced())
        mgr.stop()

    def test_a_block_that_does_not_begin_leaves_nothing(self):
        before = len(os.listdir("/proc/self/task"))
        # Accepts, and never answers.
        with socket.create_server(("127.0.0.1", 0)) as mute:
            mgr = RTRManager("127.0.0.1", mute.getsockname()[1])
            real, mgr.start = mgr.start, lambda: real(timeout=0.2)
            with self.assertRaises(SyncTimeout):
                with mgr:
                    self.fail("not in sync")
            wait_until(lambda: len(os.listdir("/proc/self/task")) == before, "its threads")

    def test_interrupt(self):
        """Ctrl-C ends a wait for ever."""
        code = f"""if True:
            import os, signal, threading
            from rtrlib import RTRManager
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                RTRManager("127.0.0.1", {closed_port()}).start(timeout=0)
            except KeyboardInterrupt:
                print("interrupted")"""
        self.assertEqual(run_python(code), (0, "interrupted\n", ""))

    def test_exit_while_it_runs(self):
        with Server(TABLE) as server:
            code = f"""if True:
                from rtrlib import RTRManager
                mgr = RTRManager("127.0.0.1", {server.port}, pfx_update_callback=lambda r, a: print(a))
                mgr.start()"""
            self.assertEqual(run_python(code), (0, "True\n" * 5, ""))

    def test_exit_within_a_callback(self):
        """The program ends between two callbacks, whoever else holds the manager."""
        with Server([f"10.{i}.{j}.0/24 24 AS1 - -" for i in range(20) for j in range(256)]) as server:
            code = f"""if True:
                import builtins, threading, time
                from rtrlib import RTRManager
                began = threading.Event()
                def callback(record, added):
                    began.set()
                    time.sleep(0.001)
                builtins.kept = RTRManager("127.0.0.1", {server.port}, pfx_update_callback=callback)
                builtins.kept.start(wait=False)
                began.wait()"""
            self.assertEqual(run_python(code), (0, "", ""))

    def test_fork(self):
        """A child goes on with the table as it was, and can start a manager of its own."""
        with Server(TABLE) as server:
            code = f"""if True:
                import os, sys
                from rtrlib import RTRManager
                mgr = RTRManager("127.0.0.1", {server.port})
                mgr.start()
                child = os.fork()
                if child == 0:
                    assert mgr.validate(64496, "192.0.2.0", 24).is_valid
                    assert not mgr.is_synced()
                    mgr.stop()
                    mgr.start()
                    assert mgr.validate(64496, "192.0.2.0", 24).is_valid and mgr.is_synced()
                    del mgr
                    os._exit(7)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
                assert mgr.is_synced()"""
            self.assertEqual(run_python(code), (0, "", ""))


def run_python(code):
    """Run a program; its status and what it said."""
    import subprocess

    done = subprocess.run([sys.executable, "-u", "-c", code], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


if __name__ == "__main__":
    unittest.main()
