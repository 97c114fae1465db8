/* SPDX-License-Identifier: ISC */
/* A name that is taken has allowed characters only, and its source is the rest; thresholds ascend. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "monitor_args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t thresholds[MONITOR_THRESHOLDS_MAX];
	struct monitor_arg arg;
	struct vrp_err err;
	char *text = malloc(size + 1);
	int count;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (monitor_arg_parse(text, &arg, &err) == 0) {
		size_t len = strlen(arg.name);

		assert(len > 0 && len <= MONITOR_NAME_MAX && !strpbrk(arg.name, "=/\"\\ \n"));
		assert(memcmp(arg.name, text, len) == 0 && text[len] == '=' && arg.source == text + len + 1 && *arg.source);
	}
	count = monitor_thresholds_parse(text, thresholds, &err);
	assert(count == -1 || (count > 0 && count <= MONITOR_THRESHOLDS_MAX));
	for (int i = 1; i < count; i++)
		assert(thresholds[i - 1] < thresholds[i]);
	free(text);
	return 0;
}
