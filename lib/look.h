/* SPDX-License-Identifier: ISC */
/* The style and the script of our pages: look.css and look.js as they stand, for html.c. */
#ifndef VRP_LOOK_H
#define VRP_LOOK_H

#include "compiler.h"

extern const char look_css[], look_js[];

#endif
