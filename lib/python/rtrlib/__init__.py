# SPDX-License-Identifier: ISC
"""RPKI data from RTR caches (RFC 6810, RFC 8210): origin validation, router keys and ASPAs.

    with RTRManager("rpki.example.net", 8282) as mgr:
        print(mgr.validate(64496, "192.0.2.0", 24))

The API is that of rtrlib-python, over libvrp of vrptools; README.md says what is new.
"""

import logging

from .manager_group import ManagerGroupStatus
from .pfx_table import PfxTable
from .rtr_manager import PfxvState, RTRManager

__all__ = ["ManagerGroupStatus", "PfxTable", "PfxvState", "RTRManager"]
__version__ = 0.1  # a number, as in the original

logging.getLogger(__name__).addHandler(logging.NullHandler())
