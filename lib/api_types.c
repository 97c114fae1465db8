/* SPDX-License-Identifier: ISC */
#include <stdarg.h>

#include "api.h"

const char *
vrp_version(void)
{
	return VRPTOOLS_VERSION;
}

const char *
vrp_strerror(int code)
{
	switch (code) {
	case VRP_OK:
		return "success";
	case VRP_ERROR:
		return "error of the system or in a file";
	case VRP_DUPLICATE:
		return "duplicate record";
	case VRP_NOT_FOUND:
		return "no such record";
	case VRP_INVALID:
		return "invalid argument or call";
	case VRP_NOMEM:
		return "out of memory";
	case VRP_TIMEOUT:
		return "timed out";
	}
	return "unknown error";
}

int
api_fail(struct vrp_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		err->code = code;
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return code;
}

int
api_nomem(struct vrp_error *err)
{
	return api_fail(err, VRP_NOMEM, "%s", vrp_strerror(VRP_NOMEM));
}

int
api_fail_err(struct vrp_error *err, int code, const char *file, const struct vrp_err *from)
{
	if (!file)
		return api_fail(err, code, "%s", from->msg);
	if (!from->line)
		return api_fail(err, code, "%s: %s", file, from->msg);
	if (!from->column)
		return api_fail(err, code, "%s:%zu: %s", file, from->line, from->msg);
	return api_fail(err, code, "%s:%zu:%zu: %s", file, from->line, from->column, from->msg);
}

int
vrp_prefix_parse(const char *text, struct vrp_prefix *out)
{
	struct prefix p;

	if (!prefix_parse(text, strlen(text), &p, NULL))
		return VRP_INVALID;
	memcpy(out, &p, sizeof(*out));
	return VRP_OK;
}

int
vrp_prefix_format(const struct vrp_prefix *prefix, char text[VRP_PREFIX_TEXT])
{
	struct prefix p = api_prefix(prefix);
	char *end;

	text[0] = '\0';
	if (!api_prefix_good(prefix))
		return VRP_INVALID;
	end = prefix_format(text, &p);
	*end = '\0';
	return (int)(end - text);
}

void
vrp_prefix_mask(struct vrp_prefix *prefix)
{
	struct prefix p = api_prefix(prefix);

	if (!api_prefix_good(prefix))
		return;
	prefix_clear_host_bits(&p);
	memcpy(prefix, &p, sizeof(*prefix));
}

int
vrp_prefix_compare(const struct vrp_prefix *a, const struct vrp_prefix *b)
{
	struct prefix x = api_prefix(a), y = api_prefix(b);

	return prefix_cmp(&x, &y);
}

int
vrp_prefix_covers(const struct vrp_prefix *outer, const struct vrp_prefix *inner)
{
	struct prefix x = api_prefix(outer), y = api_prefix(inner);

	return api_prefix_good(outer) && api_prefix_good(inner) && prefix_covers(&x, &y);
}

unsigned
vrp_record_match(const struct vrp_record *record, const struct vrp_prefix *prefix, uint32_t asn)
{
	struct vrp vrp = api_vrp(record);

	static_assert((int)VRP_OTHER_AS == (int)ROV_OTHER_AS && (int)VRP_TOO_LONG == (int)ROV_TOO_LONG, "bits differ");
	if (!vrp_prefix_covers(&record->prefix, prefix))
		return VRP_NOT_COVERED;
	return (unsigned)rov_match(&vrp, prefix->len, asn);
}

const char *
vrp_state_name(int state)
{
	switch (state) {
	case VRP_STATE_VALID:
		return "valid";
	case VRP_STATE_NOT_FOUND:
		return "not-found";
	case VRP_STATE_INVALID:
		return "invalid";
	}
	return "unknown";
}

const char *
vrp_reason_name(int reason)
{
	switch (reason) {
	case VRP_REASON_AS:
		return "as";
	case VRP_REASON_LENGTH:
		return "length";
	case VRP_REASON_BOTH:
		return "both";
	}
	return "-";
}

const char *
vrp_path_state_name(int state)
{
	switch (state) {
	case VRP_PATH_VALID:
		return "valid";
	case VRP_PATH_INVALID:
		return "invalid";
	}
	return "unknown";
}
