/* SPDX-License-Identifier: ISC */
/*
 * For tests of the file system's tree: files as text, checks of what a view says
 * of itself, and a model of a tree that is made from the lines of a table alone.
 */
#ifndef VRP_TEST_FSTREE_H
#define VRP_TEST_FSTREE_H

#include "test.h"

#include "content.h"
#include "names.h"
#include "sets.h"
#include "tree.h"

/* ---- files */

static inline char *
content_text(const struct content *c)
{
	size_t size = (size_t)content_size(c);
	char *text = malloc(size + 2);
	ssize_t n;

	assert_non_null(text);
	n = content_read(c, 0, text, size + 1);
	assert_true(n >= 0 && (size_t)n == size);
	assert_int_equal(content_read(c, size, text + size, 1), 0);
	assert_int_equal(content_read(c, UINT64_MAX, text + size, 1), 0);
	text[size] = '\0';
	return text;
}

/* The text of a file that is there, whose size stat knew; the caller frees it. */
static inline char *
file_text(struct view *v, const char *path)
{
	struct node_stat st;
	struct node node;
	struct content *c;
	char *text;

	assert_case(view_resolve(v, path, &node) == 0, "%s", path);
	assert_int_equal(view_stat(v, &node, &st), 0);
	assert_case(content_open(v, &node, &c) == 0, "%s", path);
	assert_case(st.size == content_size(c) && !st.dir && st.nlink == 1, "%s", path);
	assert_memory_equal(&st.mtime, &content_stat(c)->mtime, sizeof(st.mtime));
	text = content_text(c);
	content_close(c);
	return text;
}

/* Parts of a file at any place are those of the whole. */
static inline void
check_windows(struct view *v, const char *path, struct rng *rng)
{
	char *text = file_text(v, path), *part;
	uint32_t size = (uint32_t)strlen(text);
	struct content *c;
	struct node node;

	assert_int_equal(view_resolve(v, path, &node), 0);
	assert_int_equal(content_open(v, &node, &c), 0);
	part = malloc(size + 8192);
	for (int i = 0; i < ROUNDS(300); i++) {
		uint32_t at = rng_below(rng, size + 10), len = rng_below(rng, rng_below(rng, 4) ? 5000 : size + 10);
		uint32_t want = at >= size ? 0 : len < size - at ? len : size - at;

		assert_case(content_read(c, at, part, len) == want, "%s: %u bytes at %u of %u", path, len, at, size);
		assert_case(want == 0 || memcmp(part, text + at, want) == 0, "%s: %u bytes at %u of %u", path, len, at, size);
	}
	free(part);
	free(text);
	content_close(c);
}

/* ---- directories */

static inline size_t
count_dirs(struct view *v, const struct node *dir)
{
	struct listing_entry e;
	struct listing l;
	size_t n = 0;

	assert_int_equal(view_list(v, dir, 0, &l), 0);
	while (listing_next(&l, &e))
		n += node_is_dir(&e.node);
	return n;
}

/* Each name of a directory is found, its node has it, cookies grow; stat says how many there are, which is returned. */
static inline size_t
check_names(struct view *v, const char *path)
{
	struct node dir, node, up;
	struct listing_entry e;
	struct node_stat st;
	struct listing l;
	uint64_t cookie = LISTING_COOKIE_MIN - 1;
	size_t n = 0;

	assert_int_equal(view_resolve(v, path, &dir), 0);
	assert_int_equal(view_list(v, &dir, 0, &l), 0);
	for (; listing_next(&l, &e); n++) {
		assert_true(e.cookie > cookie && e.cookie < UINT64_C(1) << 63);
		cookie = e.cookie;
		assert_true(e.name_len > 0 && e.name_len <= NODE_NAME_MAX && strlen(e.name) == e.name_len);
		assert_true(!strchr(e.name, '/') && e.name[0] != '.');
		assert_case(view_lookup(v, &dir, e.name, &node) == 0, "%s/%s", path, e.name);
		assert_true(node_same(&node, &e.node));
		up = node_parent(&node);
		assert_true(node_same(&up, &dir));
		assert_int_equal(view_stat(v, &node, &st), 0);
		assert_true(st.dir == node_is_dir(&node));
	}
	assert_int_equal(view_stat(v, &dir, &st), 0);
	assert_true(st.dir && st.size == n && st.nlink == 2 + count_dirs(v, &dir));
	return n;
}

/* From any cookie on comes what came behind it. */
static inline void
check_cookies(struct view *v, const char *path)
{
	size_t count = check_names(v, path);
	struct listing_entry *all = calloc(count + 1, sizeof(*all)), e;
	struct listing l;
	struct node dir;

	assert_non_null(all);
	assert_int_equal(view_resolve(v, path, &dir), 0);
	assert_int_equal(view_list(v, &dir, 0, &l), 0);
	for (size_t i = 0; i < count; i++)
		assert_true(listing_next(&l, &all[i]));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(view_list(v, &dir, all[i].cookie, &l), 0);
		for (size_t k = i + 1; k < count && k < i + 40; k++) {
			assert_true(listing_next(&l, &e));
			assert_string_equal(e.name, all[k].name);
			assert_true(e.cookie == all[k].cookie);
		}
	}
	assert_int_equal(view_list(v, &dir, UINT64_MAX >> 1, &l), 0);
	assert_false(listing_next(&l, &e));
	free(all);
}

/* ---- a listing that goes on through views */

#define NAMES_SEEN_MAX 400

struct names_seen {
	struct { char name[64]; size_t views, times; } names[NAMES_SEEN_MAX];
	size_t count, views;
};

static inline size_t
seen_find(struct names_seen *s, const char *name)
{
	size_t i = 0;

	while (i < s->count && strcmp(s->names[i].name, name) != 0)
		i++;
	if (i == s->count) {
		assert_true(s->count < NAMES_SEEN_MAX && strlen(name) < sizeof(s->names[i].name));
		memcpy(s->names[s->count++].name, name, strlen(name) + 1);
	}
	return i;
}

/* These are the names that are there now. */
static inline void
seen_view(struct names_seen *s, struct view *v, const char *path)
{
	struct listing_entry e;
	struct listing l;
	struct node dir;

	assert_int_equal(view_resolve(v, path, &dir), 0);
	assert_int_equal(view_list(v, &dir, 0, &l), 0);
	while (listing_next(&l, &e))
		s->names[seen_find(s, e.name)].views++;
	s->views++;
}

/* Take up to n names; false when there were none left. */
static inline bool
seen_take(struct names_seen *s, struct view *v, const char *path, uint64_t *cookie, size_t n)
{
	struct listing_entry e;
	struct listing l;
	struct node dir;
	bool any = false;

	assert_int_equal(view_resolve(v, path, &dir), 0);
	assert_int_equal(view_list(v, &dir, *cookie, &l), 0);
	for (; n > 0 && listing_next(&l, &e); n--) {
		s->names[seen_find(s, e.name)].times++;
		*cookie = e.cookie;
		any = true;
	}
	return any;
}

static inline void
seen_check(const struct names_seen *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *name = s->names[i].name;

		/* These share their first 40 bits with others that come and go. */
		if (strcmp(name, "::") == 0 || strncmp(name, "::ffff", 6) == 0 || strncmp(name, "2001:db8::", 10) == 0)
			continue;
		assert_case(s->names[i].times <= 1, "%s came %zu times", name, s->names[i].times);
		assert_case(s->names[i].views < s->views || s->names[i].times == 1, "%s did not come", name);
	}
}

/* ---- the model: an AS, a trust anchor, an address or a prefix, by its path */

struct thing {
	char path[100];
	struct buf lines;	/* its records, in order */
	int64_t time;		/* when they last changed */
};

struct things {
	struct thing *at;
	size_t count;
};

struct model {
	struct things now, before;
	struct buf text;		/* all lines */
	bool started;
	int64_t asn_time, prefix_time, ta_time;
};

static inline void
things_release(struct things *t)
{
	for (size_t i = 0; i < t->count; i++)
		buf_release(&t->at[i].lines);
	free(t->at);
	*t = (struct things){0};
}

static inline void
model_release(struct model *m)
{
	things_release(&m->now);
	things_release(&m->before);
	buf_release(&m->text);
}

static inline struct thing *
thing_find(const struct things *t, const char *path)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->at[i].path, path) == 0)
			return &t->at[i];
	return NULL;
}

static inline void
thing_add(struct things *t, const char *dir, const char *name, size_t name_len, const char *line, size_t len)
{
	char path[100];
	struct thing *thing;

	snprintf(path, sizeof(path), "%s/%.*s", dir, (int)name_len, name);
	thing = thing_find(t, path);
	if (!thing) {
		t->at = realloc(t->at, (t->count + 1) * sizeof(*t->at));
		assert_non_null(t->at);
		thing = &t->at[t->count++];
		*thing = (struct thing){.lines = BUF_INIT};
		memcpy(thing->path, path, sizeof(path));
	}
	assert_int_equal(buf_add(&thing->lines, line, len), 0);
}

/* Where field n of a line is, from 0. */
static inline const char *
field(const char *line, int n, size_t *len)
{
	for (; n > 0; n--)
		line = strchr(line, ' ') + 1;
	*len = strcspn(line, " \n");
	return line;
}

static inline bool
is_key(const char *line)
{
	return strncmp(line, "router-key ", 11) == 0;
}

static inline bool
is_aspa(const char *line)
{
	return strncmp(line, "aspa ", 5) == 0;
}

static inline void
add_line_things(struct things *t, const char *line, size_t len)
{
	bool vrp = !is_key(line) && !is_aspa(line);
	size_t n, slash;
	const char *s = field(line, vrp ? 2 : 1, &n);

	thing_add(t, "/asn", s, n, line, len);
	s = field(line, is_key(line) ? 4 : 3, &n);
	thing_add(t, "/ta", s, n, line, len);
	if (!vrp)
		return;
	s = field(line, 0, &n);
	slash = strcspn(s, "/");
	thing_add(t, "/prefix", s, slash, line, len);
	thing_add(t, "/prefix", s, n, line, len);
}

static inline bool
same_lines(const struct thing *a, const struct thing *b)
{
	return a->lines.len == b->lines.len && memcmp(a->lines.data, b->lines.data, a->lines.len) == 0;
}

static inline void
note_time(struct model *m, const struct thing *t, int64_t now)
{
	int64_t *time = strncmp(t->path, "/asn", 4) == 0 ? &m->asn_time : strncmp(t->path, "/ta", 3) == 0 ? &m->ta_time :
											   &m->prefix_time;

	*time = now;
}

/* The next table, NULL for the time before the first. */
static inline void
model_follow(struct model *m, const struct vrpset *set, int64_t now)
{
	char *text = set ? set_text(set) : strdup("");

	things_release(&m->before);
	m->before = m->now;
	m->now = (struct things){0};
	buf_reset(&m->text);
	assert_int_equal(buf_add(&m->text, text, strlen(text) + 1), 0);
	for (const char *s = text; *s;) {
		size_t len = strcspn(s, "\n") + 1;

		add_line_things(&m->now, s, len);
		s += len;
	}
	if (!m->started)
		m->asn_time = m->prefix_time = m->ta_time = now;
	m->started = set != NULL;
	for (size_t i = 0; i < m->now.count; i++) {
		struct thing *t = &m->now.at[i], *old = thing_find(&m->before, t->path);

		t->time = old && same_lines(old, t) ? old->time : now;
		if (t->time == now)
			note_time(m, t, now);
	}
	for (size_t i = 0; i < m->before.count; i++)
		if (!thing_find(&m->now, m->before.at[i].path))
			note_time(m, &m->before.at[i], now);
	free(text);
}

static inline int64_t
stat_time(struct view *v, const char *path)
{
	struct node_stat st;
	struct node node;

	assert_case(view_resolve(v, path, &node) == 0, "%s", path);
	assert_int_equal(view_stat(v, &node, &st), 0);
	return (int64_t)st.mtime.tv_sec * 1000000000 + st.mtime.tv_nsec;
}

/* A file of an AS or a trust anchor: the lines of one kind, and whether it is there at all. */
static inline size_t
check_part(const struct thing *t, struct view *v, const char *name, bool (*wanted)(const char *line))
{
	struct buf want = BUF_INIT;
	struct node node;
	char path[120], *got;
	size_t at = 0;

	while (at < t->lines.len) {
		const char *line = t->lines.data + at;
		size_t len = strcspn(line, "\n") + 1;

		if (wanted ? wanted(line) : !is_key(line) && !is_aspa(line))
			assert_int_equal(buf_add(&want, line, len), 0);
		at += len;
	}
	snprintf(path, sizeof(path), "%s/%s", t->path, name);
	if (wanted && want.len == 0) {
		assert_case(view_resolve(v, path, &node) == ENOENT, "%s", path);
		return 0;
	}
	got = file_text(v, path);
	assert_int_equal(buf_add(&want, "", 1), 0);
	assert_string_equal(got, want.data);
	assert_true(stat_time(v, path) == t->time);
	free(got);
	buf_release(&want);
	return 1;
}

static inline void
check_thing(const struct thing *t, struct view *v)
{
	bool as = strncmp(t->path, "/asn", 4) == 0, ta = strncmp(t->path, "/ta", 3) == 0;
	char summary[120], *got;
	struct node node;
	size_t names = as;

	assert_case(view_resolve(v, t->path, &node) == 0, "%s", t->path);
	assert_case(stat_time(v, t->path) == t->time, "%s", t->path);
	if (as || ta) {
		names += check_part(t, v, "vrps", NULL);
		names += check_part(t, v, "router-keys", is_key);
		names += check_part(t, v, "aspa", is_aspa);
		assert_int_equal(check_names(v, t->path), names);
	}
	if (as) {
		snprintf(summary, sizeof(summary), "%s/summary", t->path);
		free(file_text(v, summary));
		assert_true(stat_time(v, summary) == t->time);
	}
	if (!as && !ta && !node_is_dir(&node)) {
		got = file_text(v, t->path);
		assert_true(strlen(got) == t->lines.len && memcmp(got, t->lines.data, t->lines.len) == 0);
		free(got);
	}
}

static inline size_t
count_things(const struct things *t, const char *dir, size_t slashes)
{
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++) {
		size_t k = 0;

		for (const char *s = t->at[i].path; *s; s++)
			k += *s == '/';
		n += strncmp(t->at[i].path, dir, strlen(dir)) == 0 && k == slashes;
	}
	return n;
}

/* A view has what the model has, and nothing else. */
static inline void
model_check(const struct model *m, struct view *v)
{
	for (size_t i = 0; i < m->now.count; i++)
		check_thing(&m->now.at[i], v);
	assert_int_equal(check_names(v, "/asn"), count_things(&m->now, "/asn/", 2));
	assert_int_equal(check_names(v, "/ta"), count_things(&m->now, "/ta/", 2));
	assert_int_equal(check_names(v, "/prefix"), count_things(&m->now, "/prefix/", 2));
	for (size_t i = 0; i < m->now.count; i++) {
		struct node node;

		assert_int_equal(view_resolve(v, m->now.at[i].path, &node), 0);
		if (node.kind == NODE_PREFIX_ADDRESS) {
			char dir[120];

			snprintf(dir, sizeof(dir), "%s/", m->now.at[i].path);
			assert_int_equal(check_names(v, m->now.at[i].path), count_things(&m->now, dir, 3));
		}
	}
	check_names(v, "/");
	check_names(v, "/export");
	check_names(v, "/deltas");
	assert_int_equal(check_names(v, "/covering"), 0);
	assert_int_equal(check_names(v, "/route"), 0);
	assert_true(stat_time(v, "/asn") == m->asn_time);
	assert_true(stat_time(v, "/prefix") == m->prefix_time);
	assert_true(stat_time(v, "/ta") == m->ta_time);
}

/* The lines of VRPs whose prefix covers this one; the caller frees them. */
static inline char *
model_covering(const struct model *m, const struct prefix *prefix)
{
	struct buf text = BUF_INIT;

	for (const char *s = m->text.data; *s;) {
		size_t len = strcspn(s, "\n") + 1, n;
		struct prefix p;

		if (prefix_parse(s, (field(s, 0, &n), n), &p, NULL) && prefix_covers(&p, prefix))
			assert_int_equal(buf_add(&text, s, len), 0);
		s += len;
	}
	assert_int_equal(buf_add(&text, "", 1), 0);
	return text.data;
}

/* ---- what an update told */

#define TOLD_MAX 2000

struct told {
	struct tree *tree;
	struct { char path[100]; enum tree_change what; } at[TOLD_MAX];
	size_t count;		/* may be more than there is room for */
};

static inline void
told_reset(struct told *t, struct tree *tree)
{
	t->tree = tree;
	t->count = 0;
}

static inline void
told_change(void *ctx, const struct node *node, enum tree_change what)
{
	struct told *t = ctx;
	char name[NODE_NAME_MAX + 1] = "", dir[NODE_NAME_MAX + 1] = "";
	struct node up = node_parent(node), found;
	struct view *v;

	if (t->count++ >= TOLD_MAX)
		return;
	/* The new view is in place already. */
	v = tree_view(t->tree);
	if (node->kind == NODE_TA) {
		snprintf(name, sizeof(name), "%s", names_get(vrpset_names(view_set(v)), (uint16_t)node->number, NULL));
	} else {
		node_name(node, name);
		assert_int_equal(view_lookup(v, &up, name, &found), what == TREE_REMOVED ? ENOENT : 0);
	}
	view_unref(v);
	if (up.kind == NODE_PREFIX_ADDRESS) {
		node_name(&up, dir);
		snprintf(t->at[t->count - 1].path, 100, "/prefix/%.50s/%.40s", dir, name);
	} else {
		node_name(&up, dir);
		snprintf(t->at[t->count - 1].path, 100, "/%.40s/%.50s", dir, name);
	}
	t->at[t->count - 1].what = what;
}

static inline void
model_check_told(const struct model *m, const struct told *t)
{
	size_t want = 0, got = 0;

	assert_true(t->count < TOLD_MAX);
	for (size_t i = 0; i < t->count; i++) {
		const struct thing *now = thing_find(&m->now, t->at[i].path), *old = thing_find(&m->before, t->at[i].path);

		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(t->at[i].path, t->at[k].path);
			/* Not the directory of what came before. */
			assert_false(strncmp(t->at[i].path, t->at[k].path, strlen(t->at[i].path)) == 0 &&
				     t->at[k].path[strlen(t->at[i].path)] == '/');
		}
		if (strncmp(t->at[i].path, "/deltas", 7) == 0)
			continue;
		got++;
		assert_case(t->at[i].what == (!old ? TREE_ADDED : now ? TREE_CHANGED : TREE_REMOVED), "%s", t->at[i].path);
		assert_case(now || old, "%s", t->at[i].path);
		assert_case(!now || !old || !same_lines(now, old), "%s did not change", t->at[i].path);
	}
	for (size_t i = 0; i < m->now.count; i++) {
		const struct thing *old = thing_find(&m->before, m->now.at[i].path);

		want += !old || !same_lines(old, &m->now.at[i]);
	}
	for (size_t i = 0; i < m->before.count; i++)
		want += !thing_find(&m->now, m->before.at[i].path);
	assert_int_equal(got, want);
}

/* ---- a table with much of everything in few places */

static inline struct vrpset *
large_set(struct rng *rng, struct names *names, uint32_t n)
{
	static const char *const anchors[] = {"ripe", "apnic", "/x", "-"};
	static uint8_t spki[300];
	static uint32_t providers[40];
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set;

	assert_non_null(b);
	for (uint32_t i = 0; i < n; i++) {
		const char *anchor = anchors[rng_below(rng, ARRAY_LEN(anchors))];
		struct vrp v = {.asn = rng_below(rng, 3) ? 7 : rng_below(rng, 100), .expires = EXPIRES_UNKNOWN};

		if (rng_below(rng, 2))
			v.expires = rng_below(rng, 1U << 31);
		v.ta = (uint16_t)names_token(names, anchor, strlen(anchor));
		v.prefix = (struct prefix){.family = FAMILY_IPV4, .len = 24, .addr = {10, (uint8_t)rng_below(rng, 256), (uint8_t)i}};
		if (i % 4 == 0) {
			v.prefix = (struct prefix){.family = FAMILY_IPV4, .len = 8, .addr = {10}};
			v.asn = rng_below(rng, 1U << 30);
		} else if (i % 4 == 1) {
			v.prefix = (struct prefix){.family = FAMILY_IPV6, .len = 48, .addr = {0x20, 1, (uint8_t)rng_below(rng, 256), (uint8_t)i}};
		}
		v.maxlen = (uint8_t)(v.prefix.len + rng_below(rng, 8));
		assert_int_equal(vrpset_add_vrp(b, &v), 0);
		if (i < 600) {
			struct router_key k = {.asn = 9, .ta = v.ta, .expires = v.expires, .spki = spki};
			struct aspa a = {.customer = i, .ta = v.ta, .expires = v.expires, .providers = providers};

			k.spki_len = (uint16_t)(1 + rng_below(rng, 300));
			a.provider_count = 1 + rng_below(rng, 40);
			k.ski[0] = (uint8_t)i;
			k.ski[1] = (uint8_t)(i >> 8);
			for (uint32_t p = 0; p < a.provider_count; p++)
				providers[p] = 1 + rng_below(rng, 1U << 31);
			assert_int_equal(vrpset_add_router_key(b, &k), 0);
			assert_int_equal(vrpset_add_aspa(b, &a), 0);
		}
	}
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	return set;
}

#endif
