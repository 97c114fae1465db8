/* SPDX-License-Identifier: ISC */
#include "thread.h"

#include <signal.h>

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
