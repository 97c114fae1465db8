/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "procstat.h"

double
proc_cpu_seconds(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		return -1;
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The number behind `key` in a line of the file that begins with `line`. */
static uint64_t
number_in(const char *path, const char *line, const char *key)
{
	char text[256];
	const char *p;
	uint64_t v = 0;
	FILE *f = fopen(path, "re");

	while (f && fgets(text, sizeof(text), f))
		if (!strncmp(text, line, strlen(line)) && (p = strstr(text, key)) &&
		    sscanf(p + strlen(key), "%" SCNu64, &v) == 1)
			break;
	if (f)
		fclose(f);
	return v;
}

uint64_t
proc_peak_kib(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	return number_in(path, "VmHWM:", "VmHWM:");
}

uint64_t
tcp_memory_kib(void)
{
	return number_in("/proc/net/sockstat", "TCP:", " mem ") * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}
