# SPDX-License-Identifier: ISC
"""Names, texts, types and errors of the values, as programs for rtrlib-python know them."""

import queue
import unittest

import rtrlib
from _rtrlib import ffi, lib
from rtrlib import exceptions, manager_group, records, rtr_socket, util
from rtrlib.rtr_manager import PfxvState, Reason, ValidationResult


def record(asn=64496, prefix="192.0.2.0", min_len=24, max_len=26):
    new = ffi.new("struct pfx_record *")
    new.asn, new.min_len, new.max_len = asn, min_len, max_len
    new.prefix = util.ip_str_to_addr(prefix)[0]
    return new


class ValuesTest(unittest.TestCase):
    def test_package(self):
        self.assertEqual(rtrlib.__version__, 0.1)
        for name in "PfxTable", "RTRManager", "PfxvState", "ManagerGroupStatus":
            self.assertTrue(hasattr(rtrlib, name))

    def test_enumerations(self):
        self.assertEqual({s.name: s.value for s in PfxvState}, {"valid": 0, "not_found": 1, "invalid": 2})
        self.assertEqual({s.name: s.value for s in manager_group.ManagerGroupStatus},
                         {"CLOSED": 0, "CONNECTING": 1, "ESTABLISHED": 2, "ERROR": 3})
        names = ["CONNECTING", "ESTABLISHED", "RESET", "SYNC", "FAST_RECONNECT", "ERROR_NO_DATA_AVAILABLE",
                 "ERROR_NO_INCREMENTAL_UPDATE_AVAILABLE", "ERROR_FATAL", "ERROR_TRANSPORT", "SHUTDOWN"]
        self.assertEqual({s.name: s.value for s in rtr_socket.RTRSocketState}, {n: i for i, n in enumerate(names)})

    def test_exceptions(self):
        for name in "RTRInitError", "PFXException", "IpConversionException", "SyncTimeout":
            self.assertTrue(issubclass(getattr(exceptions, name), exceptions.RTRlibException))

    def test_result(self):
        result = ValidationResult("1.2.3.0", 24, 5, 0)
        self.assertEqual(str(result), "1.2.3.0/24 AS5: PfxvState.valid")
        self.assertEqual(result, PfxvState.valid)
        self.assertNotEqual(result, PfxvState.invalid)
        self.assertNotEqual(result, ValidationResult("1.2.3.0", 24, 5, 0))
        self.assertNotEqual(result, 0)
        self.assertEqual(len({result, result}), 1)
        with self.assertRaisesRegex(TypeError, r"^reason_records must be struct pfx_record \*\*$"):
            ValidationResult("1.2.3.0", 24, 5, 0, record(), 1)
        with self.assertRaises(ValueError):
            ValidationResult("1.2.3.0", 24, 5, 3)

    def test_reason(self):
        reason = Reason(25, 64496, record())
        self.assertEqual(str(reason), "192.0.2.0/24-26 64496: as_valid = True, length_valid = True")
        self.assertEqual((reason.prefix_length, reason.asn), (25, 64496))
        reason = Reason(27, 1, record()[0])
        self.assertEqual(str(reason), "192.0.2.0/24-26 64496: as_valid = False, length_valid = False")
        self.assertTrue(reason.as_invalid and reason.length_invalid)
        valid = [length for length in range(33) if Reason(length, 1, record()).length_valid]
        self.assertEqual(valid, [24, 25, 26])
        for bad in None, "x", 1, ffi.new("int *"), records.PFXRecord(record()):
            with self.assertRaisesRegex(TypeError, r"^record must be struct pfx_record \*$"):
                Reason(24, 1, bad)

    def test_pfx_record(self):
        one = records.PFXRecord(record(prefix="2001:db8::1"))
        self.assertEqual(str(one), "2001:db8::1/24-26 64496")
        self.assertEqual((one.asn, one.prefix, one.min_len, one.max_len), (64496, "2001:db8::1", 24, 26))
        for bad in None, "struct pfx_record *", 1, ffi.new("int *"), ffi.new("struct spki_record *"):
            with self.assertRaisesRegex(TypeError, r"^Type of record must be struct pfx_record \*$"):
                records.PFXRecord(bad)
            with self.assertRaisesRegex(TypeError, r"^Type of record must be struct pfx_record \*$"):
                records.copy_pfx_record(bad)

    def test_copy(self):
        source = record()
        for one in records.PFXRecord(source), records.PFXRecord(source[0]):
            copy = records.copy_pfx_record(one)
            source.asn = 1
            self.assertEqual(copy.asn, 64496)
            source.asn = 64496

    def test_spki_record(self):
        key = ffi.new("struct spki_record *")
        spki = ffi.new("uint8_t[]", b"\x30\x01")
        key.asn, key.ski, key.spki, key.spki_len = 5, bytes(range(20)), spki, 2
        for one in records.SPKIRecord(key), records.SPKIRecord(key[0]):
            self.assertEqual((one.asn, one.ski, one.spki), (5, bytes(range(20)), b"\x30\x01"))
        with self.assertRaisesRegex(TypeError, r"^Type of record must be struct spki_record \*$"):
            records.SPKIRecord(record())

    def test_socket_list(self):
        sockets = ffi.new("struct rtr_socket *[]", [ffi.new("struct rtr_socket *")])
        listed = rtr_socket.RTRSocketList(sockets, 1)
        self.assertIsInstance(listed[0], rtr_socket.RTRSocket)
        with self.assertRaisesRegex(TypeError, "^Index must be int$"):
            listed["0"]  # pylint: disable=pointless-statement
        with self.assertRaisesRegex(IndexError, "^Index out of range$"):
            listed[1]  # pylint: disable=pointless-statement
        with self.assertRaisesRegex(IndexError, "^Index may not be negative$"):
            listed[-1]  # pylint: disable=pointless-statement
        with self.assertRaises(TypeError):
            len(listed)
        self.assertEqual(len(list(listed)), 1)

    def test_socket(self):
        raw = ffi.new("struct rtr_socket *", (1, 2, 3, 4, lib.RTR_SYNC, 1, True))
        one = rtr_socket.RTRSocket(raw)
        self.assertEqual((one.refresh_interval, one.expire_interval, one.retry_interval, one.last_update, one.version),
                         (1, 2, 3, 4, 1))
        self.assertIs(one.state, rtr_socket.RTRSocketState.SYNC)
        self.assertIs(one.has_recieved_pdus, True)
        self.assertIs(one.has_received_pdus, True)

    def test_addresses(self):
        for text in "0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1", "::ffff:192.0.2.1":
            self.assertEqual(util.ip_addr_to_str(util.ip_str_to_addr(text)), text)
        # Named, because what is inside doesn't keep it.
        four, six = util.ip_str_to_addr(b"192.0.2.1"), util.ip_str_to_addr("2001:db8::1")
        self.assertEqual(four.u.addr4.addr, 0xC0000201)
        self.assertEqual(list(six.u.addr6.addr), [0x20010DB8, 0, 0, 1])
        broken = ffi.new("struct lrtr_ip_addr *")
        ffi.memmove(broken, b"\x07", 1)
        with self.assertRaisesRegex(exceptions.IpConversionException, "^ip_addr object could not be converted$"):
            util.ip_addr_to_str(broken)

    def test_conversions(self):
        self.assertEqual(util.to_bytestr("ä"), "ä".encode())
        self.assertEqual(util.to_unicodestr("ä".encode()), "ä")
        self.assertEqual((util.to_bytestr(1), util.to_unicodestr(1)), (1, 1))
        self.assertTrue(util.is_integer(1) and not util.is_integer("1") and not util.is_integer(1.0))
        self.assertTrue(util.is_string("1") and not util.is_string(b"1"))

    def test_stoppable_thread(self):
        thread = util.StoppableThread(target=lambda: None)
        self.assertFalse(thread.stopped())
        thread.stop()
        self.assertTrue(thread.stopped())

    def test_callback_generator(self):
        def count(limit, callback, data):
            for i in range(limit):
                callback(i, data)

        generator = util.CallbackGenerator(count, lambda item, q: q.put_nowait(item), args=(1000,))
        self.assertEqual(generator.next(), 0)
        self.assertEqual(next(generator), 1)
        self.assertEqual(list(generator), list(range(2, 1000)))
        self.assertEqual(list(generator), [])

    def test_callback_generator_that_is_dropped(self):
        ended = queue.Queue()

        def endless(callback, data):
            while not data.thread.stopped():
                callback(1, data)
            ended.put(True)

        generator = util.CallbackGenerator(endless, lambda item, q: None)
        del generator
        self.assertTrue(ended.get(timeout=60))

    def test_raw(self):
        """The example "Advanced Usage" of the original's documentation, but for the address in it that is none."""
        table = ffi.new("struct pfx_table *")
        lib.pfx_table_init(table, ffi.NULL)
        for asn, ip, min_len in (234, "22.45.66.0", 24), (545, "9.0.0.0", 8), (4545, "223.4.66.0", 24):
            new = record(asn, ip, min_len, min_len)
            self.assertEqual(lib.pfx_table_add(table, new), lib.PFX_SUCCESS)
            self.assertEqual(lib.pfx_table_add(table, new), lib.PFX_DUPLICATE_RECORD)
        self.assertEqual(lib.pfx_table_remove(table, record(1)), lib.PFX_RECORD_NOT_FOUND)
        self.assertEqual(lib.pfx_table_add(table, record(1, "1.0.0.0", 33, 33)), lib.PFX_ERROR)
        seen = []
        handle = ffi.new_handle((lambda one, data: seen.append(f"{data}{one}"), "> "))
        lib.pfx_table_for_each_ipv4_record(table, lib.pfx_table_callback, handle)
        lib.pfx_table_for_each_ipv6_record(table, lib.pfx_table_callback, handle)
        self.assertEqual(seen, ["> 9.0.0.0/8-8 545", "> 22.45.66.0/24-24 234", "> 223.4.66.0/24-24 4545"])
        lib.pfx_table_free(table)
        self.assertEqual(lib.pfx_table_add(table, record()), lib.PFX_ERROR)


if __name__ == "__main__":
    unittest.main()
