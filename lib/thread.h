/* SPDX-License-Identifier: ISC */
/* Threads beside a program's own, which keeps its signals. */
#ifndef VRP_THREAD_H
#define VRP_THREAD_H

#include <pthread.h>

#include "compiler.h"

/* As pthread_create(), for a thread that takes no signals: 0, or an error number.  attr may be NULL. */
VRP_NODISCARD int thread_start(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *ctx), void *ctx);

/* Have the calling thread give way to the program's others when there are too few processors, where the system can do that. */
void thread_give_way(void);

#endif
