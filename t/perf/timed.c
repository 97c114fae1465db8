/* SPDX-License-Identifier: ISC */
/*
 * timed: run a command and add one line to a file with what it took: seconds,
 * CPU seconds (user and system) and peak resident memory in KiB.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "pdutable.h"

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
	extern char **environ;
	struct timespec from, to;
	struct rusage ru;
	int status, error;
	pid_t pid;
	FILE *f;

	if (argc < 3)
		die("usage: timed FILE COMMAND [ARGUMENT ...]");
	clock_gettime(CLOCK_MONOTONIC, &from);
	if ((error = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ)))
		die("%s: %s", argv[2], strerror(error));
	if (wait4(pid, &status, 0, &ru) < 0)
		die("wait4: %s", strerror(errno));
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("%s failed", argv[2]);
	if (!(f = fopen(argv[1], "ae")) ||
	    fprintf(f, "seconds=%.6f cpu=%.6f peak_kib=%ld\n",
		    (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9,
		    seconds(ru.ru_utime) + seconds(ru.ru_stime), ru.ru_maxrss) < 0 || fclose(f))
		die("%s: %s", argv[1], strerror(errno));
	return 0;
}
