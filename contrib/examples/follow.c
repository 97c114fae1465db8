/* SPDX-License-Identifier: ISC */
/*
 * follow: what changes in the table of RTR caches, as it changes.
 *
 *	follow tcp://rpki1.example.net:8282 tcp://rpki2.example.net:8282
 *
 * The first cache is preferred; the others are for when it doesn't work.  Changes go
 * to standard output, what becomes of caches to standard error.  SIGINT or SIGTERM ends it.
 *
 *	cc -o follow follow.c $(pkg-config --cflags --libs vrp)
 */
#define _POSIX_C_SOURCE 200809L	/* for sigwait() under -std=c11 */

#include <signal.h>
#include <stdio.h>

#include <vrp/vrp.h>

/* All callbacks come on the client's thread, one at a time, so they need no lock of their own. */
static void
print_record(void *ctx, const struct vrp_record *record, int added)
{
	char text[VRP_PREFIX_TEXT];

	vrp_prefix_format(&record->prefix, text);
	fprintf((FILE *)ctx, "%c%s %u AS%lu\n", added ? '+' : '-', text, record->max_len, (unsigned long)record->asn);
}

static void
print_router_key(void *ctx, const struct vrp_router_key *key, int added)
{
	fprintf((FILE *)ctx, "%crouter-key AS%lu ", added ? '+' : '-', (unsigned long)key->asn);
	for (size_t i = 0; i < VRP_SKI_LEN; i++)
		fprintf((FILE *)ctx, "%02X", key->ski[i]);
	fprintf((FILE *)ctx, "\n");
}

static void
print_aspa(void *ctx, const struct vrp_aspa *aspa, int added)
{
	fprintf((FILE *)ctx, "%caspa AS%lu ", added ? '+' : '-', (unsigned long)aspa->customer);
	for (uint32_t i = 0; i < aspa->provider_count; i++)
		fprintf((FILE *)ctx, "%sAS%lu", i ? "," : "", (unsigned long)aspa->providers[i]);
	fprintf((FILE *)ctx, "\n");
}

static void
print_update(void *ctx, const struct vrp_update *update)
{
	size_t count;

	vrp_view_records(update->view, VRP_ANY, &count);
	fprintf((FILE *)ctx, "# %zu VRPs: %zu added, %zu removed\n", count, update->added.record_count,
		update->removed.record_count);
	fflush((FILE *)ctx);
}

static void
print_cache(void *ctx, unsigned cache, const struct vrp_cache_status *status)
{
	(void)ctx;
	(void)cache;
	fprintf(stderr, "follow: %s: %s, %s\n", status->url, vrp_cache_state_name(status->state), status->reason);
}

int
main(int argc, char **argv)
{
	struct vrp_client *client = vrp_client_new();
	struct vrp_error err = {VRP_NOMEM, "out of memory"};
	int rc = client && argc > 1 ? VRP_OK : VRP_INVALID, sig;
	sigset_t end;

	if (argc < 2)
		snprintf(err.text, sizeof(err.text), "usage: follow tcp://HOST[:PORT] ...");
	for (int i = 1; i < argc && rc >= 0; i++)
		rc = vrp_client_add_cache(client, argv[i], (unsigned)i, &err);
	if (rc >= 0) {
		vrp_client_on_record(client, print_record, stdout);
		vrp_client_on_router_key(client, print_router_key, stdout);
		vrp_client_on_aspa(client, print_aspa, stdout);
		vrp_client_on_update(client, print_update, stdout);
		vrp_client_on_cache(client, print_cache, NULL);

		/* Blocked before the start, so that they are for sigwait() alone. */
		sigemptyset(&end);
		sigaddset(&end, SIGINT);
		sigaddset(&end, SIGTERM);
		sigprocmask(SIG_BLOCK, &end, NULL);
		rc = vrp_client_start(client, &err);
	}
	if (rc < 0)
		fprintf(stderr, "follow: %s\n", err.text);
	else
		sigwait(&end, &sig);
	vrp_client_free(client);
	return rc < 0 ? 2 : 0;
}
