/* SPDX-License-Identifier: ISC */
/*
 * bench-api: what the public interface does a second, on one thread: origins
 * validated one by one, many at once and with reasons, records added, and
 * views taken.  The lowest of some rounds.
 *
 * usage: bench-api TABLE ROUTES
 *
 * TABLE is a file of vrp(5); ROUTES has lines that begin with a prefix and end
 * with an origin, "192.0.2.0/24 AS64496" or "192.0.2.0/24 64499 64496".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vrp/vrp.h>

#define ROUNDS 5
#define REASONS 64
#define LINE_MAX 65536

struct bench {
	struct vrp_table *table;
	struct vrp_view *view;
	struct vrp_route *routes;
	struct vrp_verdict *verdicts;
	size_t count;
	size_t sum;	/* so that nothing is optimised away */
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *text)
{
	fprintf(stderr, "bench-api: %s\n", text);
	exit(2);
}

static int
parse_route(char *line, struct vrp_route *out)
{
	char *blank = strchr(line, ' '), *last = strrchr(line, ' ');

	if (!blank)
		return -1;
	*blank = '\0';
	last += strncmp(last + 1, "AS", 2) == 0 ? 3 : 1;
	*out = (struct vrp_route){.asn = (uint32_t)strtoul(last, NULL, 10)};
	return vrp_prefix_parse(line, &out->prefix) == VRP_OK ? 0 : -1;
}

static void
read_routes(struct bench *b, const char *path)
{
	static char line[LINE_MAX];
	FILE *f = fopen(path, "r");
	size_t room = 0;

	if (!f)
		die("can't open the routes");
	while (fgets(line, sizeof(line), f)) {
		if (b->count == room) {
			room = room ? 2 * room : 65536;
			b->routes = reallocarray(b->routes, room, sizeof(*b->routes));
			if (!b->routes)
				die("out of memory");
		}
		if (parse_route(line, &b->routes[b->count]) == 0)
			b->count++;
	}
	fclose(f);
	b->verdicts = calloc(b->count + 1, sizeof(*b->verdicts));
	if (b->count == 0 || !b->verdicts)
		die("no routes");
}

static void
each(struct bench *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->sum += (size_t)vrp_view_validate(b->view, &b->routes[i].prefix, b->routes[i].asn);
}

static void
many(struct bench *b)
{
	vrp_view_validate_many(b->view, b->routes, b->count, b->verdicts);
	b->sum += b->verdicts[b->count - 1].state;
}

static void
reasons(struct bench *b)
{
	const struct vrp_record *out[REASONS];
	size_t n;

	for (size_t i = 0; i < b->count; i++) {
		vrp_view_validate_reasons(b->view, &b->routes[i].prefix, b->routes[i].asn, out, REASONS, &n);
		b->sum += n;
	}
}

/* A view for each route, as who doesn't keep one. */
static void
views(struct bench *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct vrp_view *view = vrp_table_view(b->table);

		b->sum += (size_t)vrp_view_validate(view, &b->routes[i].prefix, b->routes[i].asn);
		vrp_view_unref(view);
	}
}

/* All records of the table into another one, one by one, and a commit. */
static void
add(struct bench *b)
{
	struct vrp_table *t = vrp_table_new();
	size_t count;
	const struct vrp_record *r = vrp_view_records(b->view, VRP_ANY, &count);

	for (size_t i = 0; t && i < count; i++) {
		struct vrp_record copy = r[i];

		copy.trust_anchor = 0;
		b->sum += vrp_table_add_record(t, &copy) == VRP_OK;
	}
	if (!t || vrp_table_commit(t, NULL) != VRP_OK)
		die("can't add");
	vrp_table_free(t);
}

static void
measure(struct bench *b, const char *what, void (*fn)(struct bench *b), size_t count)
{
	double best = 1e9;

	for (int i = 0; i < ROUNDS; i++) {
		double start = now(), took;

		fn(b);
		took = now() - start;
		best = took < best ? took : best;
	}
	printf("%-10s %6.1f ns, %6.2f million a second\n", what, best / (double)count * 1e9, (double)count / best / 1e6);
}

static void
shuffle(struct bench *b)
{
	uint64_t x = 1;

	for (size_t i = b->count; i > 1; i--) {
		size_t k = (size_t)((x = x * UINT64_C(6364136223846793005) + 1442695040888963407U) >> 33) % i;
		struct vrp_route t = b->routes[i - 1];

		b->routes[i - 1] = b->routes[k];
		b->routes[k] = t;
	}
}

int
main(int argc, char **argv)
{
	struct bench b = {.table = vrp_table_new()};
	struct vrp_error err = {VRP_NOMEM, "out of memory"};
	size_t vrps;

	if (argc != 3)
		die("usage: bench-api TABLE ROUTES");
	if (!b.table || vrp_table_load(b.table, argv[1], &err) != VRP_OK)
		die(err.text);
	b.view = vrp_table_view(b.table);
	vrp_view_records(b.view, VRP_ANY, &vrps);
	read_routes(&b, argv[2]);
	printf("%zu VRPs, %zu routes in the order of the file\n", vrps, b.count);
	measure(&b, "one by one", each, b.count);
	measure(&b, "many", many, b.count);
	measure(&b, "reasons", reasons, b.count);
	measure(&b, "with view", views, b.count);
	shuffle(&b);
	printf("shuffled\n");
	measure(&b, "one by one", each, b.count);
	measure(&b, "many", many, b.count);
	measure(&b, "reasons", reasons, b.count);
	printf("records added and committed\n");
	measure(&b, "add", add, vrps);
	vrp_view_unref(b.view);
	vrp_table_free(b.table);
	free(b.routes);
	free(b.verdicts);
	return b.sum == 0;
}
