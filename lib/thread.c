/* SPDX-License-Identifier: ISC */
#include "thread.h"

#include <signal.h>
#include <sys/resource.h>

#define GIVE_WAY 10	/* nice(2): a tenth of what others get */

int
thread_start(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *ctx), void *ctx)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, attr, run, ctx);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* On Linux a thread has a nice value of its own; elsewhere it is the process's. */
void
thread_give_way(void)
{
#ifdef __linux__
	(void)setpriority(PRIO_PROCESS, 0, GIVE_WAY);
#endif
}
