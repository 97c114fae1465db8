/* SPDX-License-Identifier: ISC */
/*
 * validate: the origin of routes, by the VRPs of a cache or of a file of vrp(5).
 *
 *	validate tcp://rpki.example.net:8282 192.0.2.0/24 64496 ...
 *	validate ./table 192.0.2.0/24 64496 ...
 *
 * For each route a line with its state, and one for each VRP that covers it.
 * Exit status 0 when all are valid, 1 when one isn't, 2 when there is trouble.
 *
 *	cc -o validate validate.c $(pkg-config --cflags --libs vrp)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vrp/vrp.h>

#define REASONS_MAX 64

/* The table of a file. */
static struct vrp_view *
view_of_file(const char *path, struct vrp_error *err)
{
	struct vrp_table *table = vrp_table_new();
	struct vrp_view *view = NULL;

	if (table && vrp_table_load(table, path, err) == VRP_OK)
		view = vrp_table_view(table);
	/* A view stays when its table is gone. */
	vrp_table_free(table);
	return view;
}

/* The table of a cache, as soon as it is there. */
static struct vrp_view *
view_of_cache(const char *url, struct vrp_error *err)
{
	struct vrp_client *client = vrp_client_new();
	struct vrp_view *view = NULL;
	struct vrp_cache_status status;
	int rc;

	if (client && vrp_client_add_cache(client, url, 1, err) >= 0 && vrp_client_start(client, err) == VRP_OK) {
		rc = vrp_client_wait(client, 30000);
		if (rc == VRP_OK) {
			view = vrp_client_view(client);
		} else {
			vrp_client_cache(client, 0, &status);
			snprintf(err->text, sizeof(err->text), "%s: %s: %.200s", url, vrp_strerror(rc), status.reason);
		}
	}
	vrp_client_free(client);
	return view;
}

/* 1 when the route is valid. */
static int
print_route(const struct vrp_view *view, const struct vrp_prefix *prefix, uint32_t asn)
{
	const struct vrp_record *reasons[REASONS_MAX];
	char text[VRP_PREFIX_TEXT];
	size_t count;
	int state = vrp_view_validate_reasons(view, prefix, asn, reasons, REASONS_MAX, &count);

	vrp_prefix_format(prefix, text);
	printf("%s AS%lu %s\n", text, (unsigned long)asn, vrp_state_name(state));
	for (size_t i = 0; i < count && i < REASONS_MAX; i++) {
		unsigned match = vrp_record_match(reasons[i], prefix, asn);

		vrp_prefix_format(&reasons[i]->prefix, text);
		printf("\t%s-%u AS%lu%s%s\n", text, reasons[i]->max_len, (unsigned long)reasons[i]->asn,
		       match & VRP_OTHER_AS ? ", another AS" : "", match & VRP_TOO_LONG ? ", too long" : "");
	}
	return state == VRP_STATE_VALID;
}

/* A number as a whole. */
static int
parse_asn(const char *text, uint32_t *asn)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > UINT32_MAX)
		return -1;
	*asn = (uint32_t)value;
	return 0;
}

static int
print_routes(const struct vrp_view *view, char **routes, int count)
{
	int all_valid = 1;

	for (int i = 0; i < count; i += 2) {
		struct vrp_prefix prefix;
		uint32_t asn;

		if (vrp_prefix_parse(routes[i], &prefix) != VRP_OK || parse_asn(routes[i + 1], &asn) != 0) {
			fprintf(stderr, "validate: '%s %s' is no route\n", routes[i], routes[i + 1]);
			return 2;
		}
		all_valid &= print_route(view, &prefix, asn);
	}
	return all_valid ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct vrp_error err = {VRP_NOMEM, "out of memory"};
	struct vrp_view *view;
	int status;

	if (argc < 4 || argc % 2) {
		fprintf(stderr, "usage: validate tcp://HOST[:PORT]|FILE PREFIX ASN [PREFIX ASN ...]\n");
		return 2;
	}
	view = strstr(argv[1], "://") ? view_of_cache(argv[1], &err) : view_of_file(argv[1], &err);
	if (!view) {
		fprintf(stderr, "validate: %s\n", err.text);
		return 2;
	}
	status = print_routes(view, argv + 2, argc - 2);
	vrp_view_unref(view);
	if (fflush(stdout) != 0) {
		perror("validate: standard output");
		return 2;
	}
	return status;
}
