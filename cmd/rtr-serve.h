/* SPDX-License-Identifier: ISC */
/*
 * What the parts of rtr-serve share: rtr-serve.c is the daemon,
 * rtr-serve-options.c reads its options, rtr-serve-relay.c is --stdio-connect.
 */
#ifndef VRP_RTR_SERVE_TOOL_H
#define VRP_RTR_SERVE_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "feeder.h"
#include "listen_spec.h"
#include "log.h"
#include "privdrop.h"
#include "rtr_cache.h"
#include "rtr_server.h"
#include "sd.h"
#include "sig_key.h"

#define LISTEN_MAX 64
#define LISTEN_DEFAULT "127.0.0.1:8282"
#define HTTP_SOCKET_NAME "http"	/* of a socket that a service manager passes for it */

struct options {
	const char *listen[LISTEN_MAX];	/* as given */
	size_t listen_count;
	struct sd_socket sockets[SD_SOCKETS_MAX];	/* as passed by a service manager */
	size_t socket_count;
	struct listen_spec specs[SD_SOCKETS_MAX + LISTEN_MAX];	/* of the sockets, in their order, then of the others */
	size_t spec_count;
	struct listen_spec defaults;
	struct rtr_cache_config cache;
	struct rtr_server_config server;
	struct feeder_config feeder;
	struct sig_keys keys;	/* of which one has to have signed the input; none: it need not be signed */
	uint32_t handshake_timeout;
	size_t max_handshakes;	/* 0: what is usual for the transport */
	const char *http[LISTEN_MAX];	/* where HTTP is spoken */
	size_t http_count;
	int http_fds[SD_SOCKETS_MAX];	/* the same, as passed */
	size_t http_fd_count;
	bool client_metrics;
	const char *access;
	const char *tcp_keys;
	bool drop;		/* become this user: */
	struct privdrop user;
	const char *root;
	const char *relay;	/* --stdio-connect */
	bool exit_on_eof;
	bool flush;
	enum log_level level;
};

extern const struct cli rtr_serve_cli;

/* Or a usage error. */
void parse_options(struct cli *cli, int argc, char **argv, struct options *o);
void release_options(struct options *o);

/* Carry bytes between the standard streams and the socket at unix:PATH until the cache ends.  The exit status. */
int relay(const struct cli *cli, const char *address);

#endif
