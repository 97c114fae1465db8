/* SPDX-License-Identifier: ISC */
#include "monitor_args.h"

#include <string.h>

#include "num.h"

int
monitor_arg_parse(const char *arg, struct monitor_arg *out, struct vrp_err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strcspn(arg, "=");

	if (!arg[len])
		return vrp_err_set(err, "no name in front of the source: NAME=SOURCE");
	if (len == 0 || len > MONITOR_NAME_MAX)
		return vrp_err_set(err, "a name has 1 to %d characters", MONITOR_NAME_MAX);
	if (strspn(arg, allowed) != len)
		return vrp_err_set(err, "a name has letters, digits, '.', '_' and '-' only: NAME=SOURCE");
	if (!arg[len + 1])
		return vrp_err_set(err, "no source behind the name");
	memcpy(out->name, arg, len);
	out->name[len] = '\0';
	out->source = arg + len + 1;
	return 0;
}

int
monitor_thresholds_parse(const char *list, uint32_t out[MONITOR_THRESHOLDS_MAX], struct vrp_err *err)
{
	int count = 0;

	for (;;) {
		size_t len = strcspn(list, ",");

		if (count == MONITOR_THRESHOLDS_MAX)
			return vrp_err_set(err, "more than %d durations", MONITOR_THRESHOLDS_MAX);
		if (!num_duration(list, len, &out[count]))
			return vrp_err_set(err, "'%.*s' is no duration", len < 40 ? (int)len : 40, list);
		if (count > 0 && out[count] <= out[count - 1])
			return vrp_err_set(err, "durations have to ascend");
		count++;
		if (!list[len])
			return count;
		list += len + 1;
	}
}
