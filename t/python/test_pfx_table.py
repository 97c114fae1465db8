# SPDX-License-Identifier: ISC
"""The prefix table, by the table of tests that rtrlib-python has."""

import threading
import unittest

from rtrlib import PfxTable, PfxvState
from rtrlib.exceptions import IpConversionException, PFXException

RECORDS = [(10010, "110.1.0.0", 20, 24), (10020, "120.1.0.0", 20, 32), (10030, "130::", 64, 64)]

# asn, prefix, length, state, as_invalid, length_invalid
TABLE = [
    (10010, "110.1.0.0", 20, "valid", False, False),
    (10010, "110.1.0.0", 24, "valid", False, False),
    (10010, "110.1.8.0", 23, "valid", False, False),
    (10010, "110.1.0.0", 18, "not_found", False, False),
    (10010, "110.1.0.0", 30, "invalid", False, True),
    (10011, "110.1.0.0", 20, "invalid", True, False),
    (10030, "130::", 64, "valid", False, False),
    (10030, "130::", 66, "invalid", False, True),
    (10030, "130::", 62, "not_found", False, False),
]


class PfxTableTest(unittest.TestCase):
    def setUp(self):
        self.table = PfxTable()
        self.addCleanup(self.table.close)
        for record in RECORDS:
            self.table.add_record(*record)

    def assert_state(self, result, state):
        self.assertIs(result.state, PfxvState[state])
        self.assertEqual(result, PfxvState[state])
        self.assertEqual((result.is_valid, result.not_found, result.is_invalid),
                         (state == "valid", state == "not_found", state == "invalid"))

    def test_table(self):
        for asn, prefix, length, state, as_invalid, length_invalid in TABLE:
            with self.subTest(route=f"{prefix}/{length} AS{asn}"):
                result = self.table.validate(asn, prefix, length)
                self.assert_state(result, state)
                self.assertIsNone(result.reason)
                result = self.table.validate_r(asn, prefix, length)
                self.assert_state(result, state)
                self.assertIs(result.as_invalid, as_invalid)
                self.assertIs(result.length_invalid, length_invalid)
                self.assertEqual(result.reason is None, state == "not_found")

    def test_same_prefix_other_as(self):
        self.table.add_record(10020, "110.1.0.0", 22, 24)
        for asn, length in (10010, 20), (10010, 24), (10020, 22), (10020, 24):
            self.assert_state(self.table.validate(asn, "110.1.0.0", length), "valid")

    def test_remove(self):
        self.table.remove_record(10010, "110.1.0.0", 20, 24)
        self.assert_state(self.table.validate(10010, "110.1.0.0", 20), "not_found")
        self.assert_state(self.table.validate(10030, "130::", 64), "valid")

    def test_return_codes_are_ignored(self):
        self.table.add_record(10010, "110.1.0.0", 20, 24)
        self.table.remove_record(1, "110.1.0.0", 20, 24)
        self.table.add_record(1, "110.2.0.0", 24, 20)
        self.table.add_record(1, "110.2.0.0", 33, 33)
        self.assertEqual(len(list(self.table.ipv4_records())), 2)
        self.table.remove_record(10010, "110.1.0.0", 20, 24)
        self.assert_state(self.table.validate(10010, "110.1.0.0", 20), "not_found")

    def test_an_invalid_route_without_reasons_has_no_cause(self):
        result = self.table.validate(10011, "110.1.0.0", 20)
        with self.assertRaises(TypeError):
            result.as_invalid  # pylint: disable=pointless-statement
        with self.assertRaises(TypeError):
            result.length_invalid  # pylint: disable=pointless-statement

    def test_reasons_stop_behind_the_first_prefix_that_matches(self):
        self.table.add_record(1, "110.0.0.0", 8, 8)
        self.table.add_record(2, "110.1.0.0", 20, 24)
        self.table.add_record(3, "110.1.0.0", 22, 24)
        reasons = [str(r.record) for r in self.table.validate_r(10010, "110.1.0.0", 24).reason]
        self.assertEqual(reasons, ["110.0.0.0/8-8 1", "110.1.0.0/20-24 2", "110.1.0.0/20-24 10010"])
        reasons = [str(r.record) for r in self.table.validate_r(9, "110.1.0.0", 24).reason]
        self.assertEqual(reasons, ["110.0.0.0/8-8 1", "110.1.0.0/20-24 2", "110.1.0.0/20-24 10010",
                                   "110.1.0.0/22-24 3"])

    def test_very_many_reasons(self):
        for asn in range(1, 200):
            self.table.add_record(asn, "110.1.0.0", 24, 24)
        self.assertEqual(len(self.table.validate_r(9999, "110.1.0.0", 24).reason), 200)

    def test_reasons_outlive_everything(self):
        result = self.table.validate_r(10011, "110.1.0.0", 25)
        reason, record = result.reason[0], result.reason[0].record
        text = "110.1.0.0/20-24 10010: as_valid = False, length_valid = False"
        self.table.close()
        del result
        self.assertEqual(str(reason), text)
        del reason
        self.assertEqual(str(record), text.split(":")[0])

    def test_as0_is_for_nobody(self):
        self.table.add_record(0, "10.0.0.0", 8, 32)
        self.assert_state(self.table.validate(1, "10.0.0.0", 8), "invalid")
        self.assert_state(self.table.validate(0, "10.0.0.0", 8), "invalid")

    def test_arguments(self):
        for bad in "", "110.1.0", "110.1.0.0/20", "x", "110.1.0.0\0", "::1%lo":
            with self.assertRaises(IpConversionException, msg=bad) as caught:
                self.table.validate(10010, bad, 20)
            self.assertEqual(str(caught.exception), "String could not be converted")
            with self.assertRaises(IpConversionException, msg=bad):
                self.table.add_record(10010, bad, 20, 24)
        for prefix, length in ("110.1.0.0", 33), ("130::", 129):
            with self.assertRaises(PFXException) as caught:
                self.table.validate_r(10010, prefix, length)
            self.assertEqual(str(caught.exception), "An error occurred during validation")
        with self.assertRaises(TypeError):
            self.table.validate("10010", "110.1.0.0", 20)
        with self.assertRaises(OverflowError):
            self.table.validate(1 << 32, "110.1.0.0", 20)

    def test_close(self):
        with PfxTable() as table:
            self.assertFalse(table.closed)
            table.add_record(1, "1.0.0.0", 8, 8)
            self.assertEqual(table.validate(1, "1.0.0.0", 8), PfxvState.valid)
        self.assertTrue(table.closed)
        table.close()
        for ask in table.validate, table.validate_r:
            with self.assertRaises(PFXException):
                ask(1, "1.0.0.0", 8)
        with self.assertRaises(PFXException):
            table.validate_many("1.0.0.0/8 1")

    def test_records(self):
        self.assertEqual([str(r) for r in self.table.ipv4_records()],
                         ["110.1.0.0/20-24 10010", "120.1.0.0/20-32 10020"])
        self.assertEqual([str(r) for r in self.table.ipv6_records()], ["130::/64-64 10030"])

    def test_threads(self):
        """Readers find one or the other, never half of a change or a crash."""
        failures = []

        def read():
            try:
                for _ in range(300):
                    self.assertEqual(self.table.validate(10010, "110.1.0.0", 20), PfxvState.valid)
                    self.table.validate_r(1, "110.1.0.0", 24)
            except BaseException as e:  # pylint: disable=broad-exception-caught
                failures.append(e)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for i in range(300):
            self.table.add_record(1, "110.1.0.0", 24, 24)
            if i % 2:
                self.table.remove_record(1, "110.1.0.0", 24, 24)
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_close_while_it_is_used(self):
        """Whoever comes too late gets an exception."""
        ended = []

        def read():
            try:
                while True:
                    self.table.validate_r(10010, "110.1.0.0", 24)
                    self.table.add_record(1, "110.1.0.0", 24, 24)
            except PFXException:
                ended.append(True)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.table.close()
        for thread in threads:
            thread.join()
        self.assertEqual(ended, [True] * 4)


if __name__ == "__main__":
    unittest.main()
