/* SPDX-License-Identifier: ISC */
/*
 * bench-rov: origin validation of routes by one table, with our index and with
 * rtrlib's pfx_table, in turn; nanoseconds of CPU time a route, the lowest of
 * some rounds, and what each takes in memory.  All states have to agree, and
 * so do the numbers of VRPs that cover what is invalid.
 *
 * usage: bench-rov TABLE ROUTES [VRPS]
 *
 * VRPS, 1,000,000 when not given, are spread evenly over the table.  The routes
 * are asked for in the order of the file, and shuffled.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <rtrlib/rtrlib.h>

#include "load.h"
#include "num.h"
#include "pdutable.h"
#include "route.h"
#include "rov.h"

#define ROUNDS 3
#define REASONS 1024

struct bench {
	struct names *names;
	struct vrpset *set;
	struct rov *rov;
	struct pfx_table pfx;
	struct rov_route *routes;
	struct lrtr_ip_addr *addrs;	/* of the routes, as rtrlib has them */
	uint8_t *theirs;		/* states by rtrlib: 0 valid, 1 not found, 2 invalid */
	struct rov_answer *ours;
	size_t count;
	size_t sum;			/* of reasons, so that nothing is optimised away */
};

static double
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Resident memory now, in KiB. */
static size_t
resident_kib(void)
{
	char line[256];
	size_t kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	malloc_trim(0);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %zu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static struct lrtr_ip_addr
address(const struct prefix *p)
{
	struct lrtr_ip_addr a = {.ver = p->family == FAMILY_IPV4 ? LRTR_IPV4 : LRTR_IPV6};

	if (p->family == FAMILY_IPV4)
		a.u.addr4.addr = be32_load(p->addr);
	else
		for (int i = 0; i < 4; i++)
			a.u.addr6.addr[i] = be32_load(p->addr + 4 * i);
	return a;
}

/* want VRPs, evenly from all of the table. */
static void
take_table(struct bench *b, const char *path, size_t want)
{
	struct vrpset_builder *builder = vrpset_builder_new(b->names);
	struct load l;
	struct vrp_err err;
	const struct vrp *vrps;
	size_t count;

	if (load_read(&l, path, b->names, &err) < 0)
		die("%s: %s", path, err.msg);
	vrps = vrpset_vrps(l.set, &count);
	if (want > count)
		want = count;
	for (size_t i = 0; i < want; i++)
		if (vrpset_add_vrp(builder, &vrps[i * count / want]) < 0)
			die("out of memory");
	b->set = vrpset_finish(builder, &err);
	if (!b->set)
		die("%s", err.msg);
	load_release(&l);
}

static void
take_routes(struct bench *b, const char *path)
{
	struct route_scratch scratch = ROUTE_SCRATCH_INIT;
	size_t room = 0, size = 0;
	char *line = NULL;
	FILE *f = fopen(path, "r");
	ssize_t len;

	if (!f)
		die("%s: cannot open", path);
	while ((len = getline(&line, &size, f)) > 0) {
		struct route r;
		struct vrp_err err;

		if (route_parse(line, (size_t)len - 1, &scratch, &r, &err) != 1)
			continue;
		if (b->count == room) {
			room = room ? 2 * room : 65536;
			b->routes = realloc(b->routes, room * sizeof(*b->routes));
			if (!b->routes)
				die("out of memory");
		}
		b->routes[b->count++] = (struct rov_route){r.prefix, r.origin};
	}
	fclose(f);
	free(line);
	route_scratch_release(&scratch);
}

static void
shuffle(struct bench *b)
{
	uint64_t x = 88172645463325252;

	for (size_t i = b->count; i > 1; i--) {
		struct rov_route r;
		size_t j;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		j = x % i;
		r = b->routes[i - 1];
		b->routes[i - 1] = b->routes[j];
		b->routes[j] = r;
	}
}

/* ---- what is measured */

static void
ours_single(struct bench *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->ours[i].state = (uint8_t)rov_validate(b->rov, &b->routes[i].prefix, b->routes[i].origin);
}

static void
ours_many(struct bench *b)
{
	rov_ask_many(b->rov, b->routes, b->count, b->ours);
}

static void
ours_reasons(struct bench *b)
{
	const struct vrp *reasons[REASONS];

	b->sum = 0;
	for (size_t i = 0; i < b->count; i++) {
		b->ours[i] = rov_ask(b->rov, &b->routes[i].prefix, b->routes[i].origin);
		if (b->ours[i].nearest != ROV_END) {
			size_t n = rov_covering(b->rov, b->ours[i].nearest, reasons, REASONS);

			if (rov_invalid((enum rov_state)b->ours[i].state))
				b->sum += n + (reasons[0]->maxlen > 128);
		}
	}
}

static void
theirs_single(struct bench *b)
{
	for (size_t i = 0; i < b->count; i++) {
		enum pfxv_state state;

		if (pfx_table_validate(&b->pfx, b->routes[i].origin, &b->addrs[i], b->routes[i].prefix.len, &state) != PFX_SUCCESS)
			die("pfx_table_validate failed");
		b->theirs[i] = (uint8_t)state;
	}
}

static void
theirs_reasons(struct bench *b)
{
	b->sum = 0;
	for (size_t i = 0; i < b->count; i++) {
		struct pfx_record *reasons = NULL;
		unsigned count = 0;
		enum pfxv_state state;

		if (pfx_table_validate_r(&b->pfx, &reasons, &count, b->routes[i].origin, &b->addrs[i], b->routes[i].prefix.len,
					 &state) != PFX_SUCCESS)
			die("pfx_table_validate_r failed");
		b->theirs[i] = (uint8_t)state;
		if (state == BGP_PFXV_STATE_INVALID)
			b->sum += count;
		free(reasons);
	}
}

static void
compare(const struct bench *b)
{
	for (size_t i = 0; i < b->count; i++) {
		enum rov_state s = (enum rov_state)b->ours[i].state;
		unsigned want = s == ROV_VALID ? BGP_PFXV_STATE_VALID :
				s == ROV_NOT_FOUND ? BGP_PFXV_STATE_NOT_FOUND : BGP_PFXV_STATE_INVALID;
		char text[PREFIX_TEXT_MAX];

		if (b->theirs[i] != want)
			die("%.*s AS%u: %s, but rtrlib says %u", (int)(prefix_format(text, &b->routes[i].prefix) - text), text,
			    b->routes[i].origin, rov_state_name(s), b->theirs[i]);
	}
}

static void
measure(struct bench *b, const char *order)
{
	static const struct {
		const char *name;
		const char *what;
		void (*run)(struct bench *b);
	} jobs[] = {
		{"vrptools", "state", ours_single}, {"vrptools-many", "state", ours_many}, {"rtrlib", "state", theirs_single},
		{"vrptools", "reasons", ours_reasons}, {"rtrlib", "reasons", theirs_reasons},
	};
	double best[ARRAY_LEN(jobs)];
	size_t sum = 0;

	for (size_t i = 0; i < b->count; i++)
		b->addrs[i] = address(&b->routes[i].prefix);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t j = 0; j < ARRAY_LEN(jobs); j++) {
			double from = cpu_ns(), t;

			jobs[j].run(b);
			t = (cpu_ns() - from) / (double)b->count;
			if (round == 0 || t < best[j])
				best[j] = t;
			if (jobs[j].run == theirs_single || jobs[j].run == theirs_reasons)
				compare(b);
			if (jobs[j].run == ours_reasons)
				sum = b->sum;
			if (jobs[j].run == theirs_reasons && sum != b->sum)
				die("%zu reasons, but rtrlib has %zu", sum, b->sum);
		}
	}
	for (size_t j = 0; j < ARRAY_LEN(jobs); j++)
		printf("name=%s what=%s-%s ns=%.2f routes=%zu\n", jobs[j].name, jobs[j].what, order, best[j], b->count);
}

static void
fill_rtrlib(struct bench *b)
{
	static struct rtr_socket source;
	size_t count;
	const struct vrp *vrps = vrpset_vrps(b->set, &count);
	size_t before = resident_kib();
	double from = cpu_ns();

	pfx_table_init(&b->pfx, NULL);
	for (size_t i = 0; i < count; i++) {
		struct pfx_record r = {
			.asn = vrps[i].asn,
			.prefix = address(&vrps[i].prefix),
			.min_len = vrps[i].prefix.len,
			.max_len = vrps[i].maxlen,
			.socket = &source,
		};

		if (pfx_table_add(&b->pfx, &r) != PFX_SUCCESS)
			die("pfx_table_add failed");
	}
	from = cpu_ns() - from;
	printf("name=rtrlib what=table vrps=%zu kib=%zu seconds=%.4f\n", count, resident_kib() - before, from / 1e9);
}

int
main(int argc, char **argv)
{
	struct bench b = {.names = names_new()};
	uint32_t want = 1000000;
	struct vrp_err err;
	size_t before;
	double from;
	size_t count;

	if (argc < 3 || !b.names || (argc > 3 && !num_u32(argv[3], strlen(argv[3]), &want)))
		die("usage: bench-rov TABLE ROUTES [VRPS]");
	/* Our table and index as they are in memory: the set again, from nothing. */
	before = resident_kib();
	take_table(&b, argv[1], want);
	(void)vrpset_vrps(b.set, &count);
	from = cpu_ns();
	b.rov = rov_new(b.set, &err);
	if (!b.rov)
		die("%s", err.msg);
	from = cpu_ns() - from;
	printf("name=vrptools what=table vrps=%zu kib=%zu seconds=%.4f index_kib=%zu\n", count, resident_kib() - before, from / 1e9,
	       rov_memory(b.rov) / 1024);
	fill_rtrlib(&b);
	take_routes(&b, argv[2]);
	b.addrs = calloc(b.count, sizeof(*b.addrs));
	b.theirs = calloc(b.count, 1);
	b.ours = calloc(b.count, sizeof(*b.ours));
	if (!b.count || !b.addrs || !b.theirs || !b.ours)
		die("no routes, or out of memory");
	measure(&b, "sorted");
	shuffle(&b);
	measure(&b, "shuffled");
	free(b.routes);
	free(b.addrs);
	free(b.theirs);
	free(b.ours);
	rov_free(b.rov);
	pfx_table_free(&b.pfx);
	vrpset_unref(b.set);
	names_unref(b.names);
	return 0;
}
