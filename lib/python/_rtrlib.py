# SPDX-License-Identifier: ISC
"""The raw C functions, under the name that rtrlib-python has for them.

There are rtrlib's prefix table (pfx_table_*), addresses (lrtr_ip_*), records and
constants, and all of libvrp's own (vrp_*), which is what to use for anything
else: rtrlib's rtr_mgr_* and tr_* are not here.
"""

from rtrlib._vrp import ffi, lib

__all__ = ["ffi", "lib"]
