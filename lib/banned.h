/* SPDX-License-Identifier: ISC */
/*
 * Functions that this code base never calls: they know no bounds, hide errors
 * or keep state between calls.  Naming one of them stops the build.
 */
#ifndef VRP_BANNED_H
#define VRP_BANNED_H

/* Headers that declare the names have to be seen before the names are poisoned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* For clang glibc makes a macro of this one when buffers are checked. */
#undef sprintf

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
#pragma GCC poison atoi atol atoll strtok gmtime localtime ctime asctime

#endif
