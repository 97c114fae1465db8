/* SPDX-License-Identifier: ISC */
/*
 * The two halves of struct vrp_client: api_client.c is what a program calls, api_follow.c
 * what the client's thread does.
 */
#ifndef VRP_API_CLIENT_INTERNAL_H
#define VRP_API_CLIENT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <vrp/client.h>

#include "rtr_link.h"
#include "rtr_manager.h"
#include "transport.h"

/* A callback of the program's; not called while fn is NULL. */
#define API_CALLBACK(type)                                                                                             \
	struct {                                                                                                       \
		type *fn;                                                                                              \
		void *ctx;                                                                                             \
	}

struct api_callbacks {
	API_CALLBACK(vrp_update_fn) update;
	API_CALLBACK(vrp_record_fn) record;
	API_CALLBACK(vrp_router_key_fn) router_key;
	API_CALLBACK(vrp_aspa_fn) aspa;
	API_CALLBACK(vrp_cache_fn) cache;
	API_CALLBACK(vrp_group_fn) group;
	API_CALLBACK(vrp_warning_fn) warning;
};

struct api_cache {
	struct endpoint to;
	uint8_t preference;
	struct vrp_cache_status status;	/* under the lock */
	int64_t updated;		/* of the client's thread: what the status's was made of */
};

struct vrp_client {
	/* Of the thread that starts and stops; the client's thread reads it in between. */
	struct names *names;
	struct api_cache *caches;
	size_t count;
	struct rtr_manager_config config;
	int64_t connect_timeout;
	bool fixed;
	bool purge;
	struct api_callbacks on;
	bool started;
	pthread_t thread;
	atomic_bool stop;

	/* Of the client's thread while there is one. */
	struct rtr_manager *manager;
	struct rtr_link *link;
	bool owed;			/* the manager's table could not be shown, for want of memory */
	int owed_cause;

	/* Of all, under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;		/* in_sync, running or failed */
	struct vrp_view *view;
	uint8_t groups[256];		/* enum vrp_group_state by preference */
	int in_use;
	bool in_sync;
	bool running;
	bool failed;			/* the thread has ended, and nobody stopped it */
	bool has_self;
	pthread_t self;			/* the client's thread, from its beginning to its end */
};

/* Make the manager and its connections, which nothing moves yet; -1 with a reason.  And take them away. */
int api_follow_prepare(struct vrp_client *c, struct vrp_err *err);
void api_follow_release(struct vrp_client *c);

/* The client's thread. */
void *api_follow(void *client);

#endif
