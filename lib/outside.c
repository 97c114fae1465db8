/* SPDX-License-Identifier: ISC */
#include "outside.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "num.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE};

static void
close_others(int kept, bool errors)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd <= (errors ? STDOUT_FILENO : STDERR_FILENO); fd++)
		(void)dup2(null, fd);
	while (dir && (entry = readdir(dir))) {
		uint32_t fd;

		if (num_u32(entry->d_name, strlen(entry->d_name), &fd) && fd > STDERR_FILENO && (int)fd != kept &&
		    (int)fd != dirfd(dir))
			close((int)fd);
	}
	if (dir)
		closedir(dir);
}

void
outside_settle(int kept, bool errors)
{
	(void)setsid();
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i], SIG_IGN);
	close_others(kept, errors);
}

void
outside_restore_signals(void)
{
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
