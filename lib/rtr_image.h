/* SPDX-License-Identifier: ISC */
/*
 * Payload PDUs of a whole table or of a delta, encoded once for all routers
 * of a protocol version: what stands between Cache Response and End of Data.
 *
 * The order is that of 8210bis section 11.2: by PDU type; within a type
 * announcements before withdrawals; prefixes announced with address, maximum
 * length, length and AS descending, withdrawn with the same ascending, so that
 * a router that applies PDUs as they come never takes a valid route for an
 * invalid one.  Router keys by SKI, key length, key, AS; ASPAs by customer.
 * Version 0 has no router keys, versions 0 and 1 have no ASPAs.
 */
#ifndef VRP_RTR_IMAGE_H
#define VRP_RTR_IMAGE_H

#include <stdint.h>

#include "blob.h"
#include "compiler.h"
#include "delta.h"
#include "vrpset.h"

/* Both: a new reference, NULL when memory is out.  An image may be empty. */
VRP_NODISCARD struct blob *rtr_image_table(const struct vrpset *set, uint8_t version);
VRP_NODISCARD struct blob *rtr_image_delta(const struct delta *delta, uint8_t version);

#endif
