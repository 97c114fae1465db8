# SPDX-License-Identifier: ISC
"""Many threads around a table that changes all the time, and managers that come and go."""

import gc
import os
import threading
import unittest

from rtrlib import PfxvState, RTRManager
from support import TABLE, CacheTest, Server, delta, wait_until


class StressTest(unittest.TestCase):
    def test_readers_of_a_table_that_changes(self):
        failures, stop = [], threading.Event()
        kept = {}

        def note(record, added):
            if added:
                kept[str(record)] = kept.get(str(record), 0) + 1
            else:
                kept[str(record)] -= 1

        def read(mgr):
            try:
                while not stop.is_set():
                    # Always there, with whatever else.
                    self.assertEqual(mgr.validate(64496, "192.0.2.0", 24), PfxvState.valid)
                    self.assertIn(len(list(mgr.ipv4_records())), (4, 5))
                    self.assertEqual(mgr.validate_many("192.0.2.0/24 64496\n" * 100).count(0), 100)
                    self.assertEqual([str(r) for r in mgr.ipv6_records()], ["2001:db8::/32-48 64496"])
                    mgr.groups()[0].sockets[0].state  # pylint: disable=expression-not-assigned
            except BaseException as e:  # pylint: disable=broad-exception-caught
                failures.append(e)

        extra = "203.0.113.0/24 24 AS1 - -"
        with Server(TABLE, options=("--notify-interval", "0")) as server:
            mgr = RTRManager("127.0.0.1", server.port, refresh_interval=1, pfx_update_callback=note)
            with mgr:
                threads = [threading.Thread(target=read, args=(mgr,)) for _ in range(4)]
                for thread in threads:
                    thread.start()
                for there in (True, False) * 3:
                    server.feed(delta([extra]) if there else delta((), [extra]))
                    wanted = PfxvState.valid if there else PfxvState.not_found
                    wait_until(lambda: mgr.validate(1, "203.0.113.0", 24) == wanted or failures, "a change")
                stop.set()
                for thread in threads:
                    thread.join()
                self.assertEqual(failures, [])
                self.assertEqual({r for r, count in kept.items() if count},
                                 {str(r) for family in (mgr.ipv4_records(), mgr.ipv6_records()) for r in family})
                self.assertLessEqual(set(kept.values()), {0, 1})
        self.assertEqual(set(kept.values()), {0})


class LifeTest(CacheTest):
    def test_managers_that_come_and_go(self):
        """Dropped, stopped or left, in whatever state: no thread and no descriptor stays."""
        def resources():
            gc.collect()
            return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

        def life(n):
            mgr = RTRManager("127.0.0.1", self.server.port, pfx_update_callback=lambda r, a: mgr.is_synced())
            mgr.start(wait=bool(n % 3))
            if n % 2:
                mgr.stop()

        before = resources()
        for _ in range(5):
            threads = [threading.Thread(target=life, args=(n,)) for n in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        wait_until(lambda: resources() == before, f"{before} threads and descriptors")

    def test_stop_from_many_threads(self):
        mgr = RTRManager("127.0.0.1", self.server.port)
        for _ in range(5):
            mgr.start()
            threads = [threading.Thread(target=mgr.stop) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertFalse(mgr.is_synced())


if __name__ == "__main__":
    unittest.main()
