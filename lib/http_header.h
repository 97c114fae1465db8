/* SPDX-License-Identifier: ISC */
/*
 * Values of HTTP's header fields (RFC 9110): what a client accepts, entity tags,
 * dates.  A field that was not sent is NULL.  Parts that are malformed say nothing.
 */
#ifndef VRP_HTTP_HEADER_H
#define VRP_HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

/* How much a client likes something: thousandths, 0 for not at all. */
#define HTTP_QUALITY_MAX 1000

/* Accept, of a media type such as "text/html" (section 12.5.1): the most specific range that fits decides. */
unsigned http_accept_type(const char *accept, const char *type);

/* Accept-Encoding, of a coding such as "gzip" or "identity" (section 12.5.3).  Without the field only identity is asked for here. */
unsigned http_accept_encoding(const char *accept_encoding, const char *coding);

/* Which of n types the client likes best, the first of equals; n when it accepts none. */
size_t http_accept_choose(const char *accept, const char *const *types, size_t n);

/*
 * Is an entity tag, with its quotes, among those of If-None-Match (section 13.1.2)?  By weak comparison; "*" is any.
 * False without the field.
 */
bool http_etag_listed(const char *if_none_match, const char *etag);

#define HTTP_DATE_MAX 30	/* room for "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL */

/* The IMF-fixdate (section 5.6.7); other forms of dates are malformed.  Years 1970 to 9999. */
bool http_date_parse(const char *text, int64_t *out);
void http_date_format(int64_t when, char out[HTTP_DATE_MAX]);

#endif
