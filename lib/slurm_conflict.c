/* SPDX-License-Identifier: ISC */
/*
 * Do files conflict?  Claims are sorted, then one pass finds the first two that
 * meet and are of different files.  Prefixes either nest or are disjoint, and
 * in canonical order an outer one comes before all that it covers.  So it is
 * enough to remember the outermost of those around the pass: had one between
 * it and the next claim another file, it would have met the outermost before.
 */
#include <stdio.h>

#include "slurm_internal.h"

#define NAME_SHOWN 56	/* bytes of a file's name: two of them and two IPv6 prefixes fit a message */

struct shown_name {
	char text[NAME_SHOWN + 8];
};

/* A file's name in quotes, harmless to a terminal; the end of a long one, which tells more than its beginning. */
static struct shown_name
show_name(const struct slurm_builder *b, uint32_t file)
{
	struct shown_name shown;
	const char *name;
	size_t len;

	memcpy(&name, b->files.data + file * sizeof(name), sizeof(name));
	len = strlen(name);
	snprintf(shown.text, sizeof(shown.text), "'%s%s'", len > NAME_SHOWN ? "..." : "",
		 len > NAME_SHOWN ? name + len - NAME_SHOWN : name);
	for (char *c = shown.text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return shown;
}

static int
conflict(const struct slurm_builder *b, uint32_t file_a, uint32_t file_b, struct vrp_err *err, const char *what)
{
	return vrp_err_at(err, 0, 0, "%s and %s conflict: %s", show_name(b, file_a).text, show_name(b, file_b).text,
			  what);
}

static int
cmp_prefix_claims(const void *a, const void *b)
{
	const struct slurm_prefix_claim *x = a, *y = b;
	int c = prefix_cmp(&x->prefix, &y->prefix);

	return c ? c : (x->file > y->file) - (x->file < y->file);
}

/* x is of the file that was given first. */
static int
prefix_conflict(const struct slurm_builder *b, const struct slurm_prefix_claim *x, const struct slurm_prefix_claim *y,
		struct vrp_err *err)
{
	char first[PREFIX_TEXT_MAX], second[PREFIX_TEXT_MAX], what[2 * PREFIX_TEXT_MAX + 16];

	*prefix_format(first, &x->prefix) = '\0';
	*prefix_format(second, &y->prefix) = '\0';
	if (strcmp(first, second) == 0)
		snprintf(what, sizeof(what), "both speak of %s", first);
	else
		snprintf(what, sizeof(what), "%s and %s overlap", first, second);
	return conflict(b, x->file, y->file, err, what);
}

static int
check_prefixes(struct slurm_builder *b, struct vrp_err *err)
{
	struct slurm_prefix_claim *p = (void *)b->prefix_claims.data, *outer = p;
	size_t n = b->prefix_claims.len / sizeof(*p);

	if (n < 2)
		return 0;
	qsort(p, n, sizeof(*p), cmp_prefix_claims);
	for (size_t i = 1; i < n; i++) {
		if (!prefix_covers(&outer->prefix, &p[i].prefix)) {
			outer = &p[i];
		} else if (outer->file != p[i].file) {
			bool turn = outer->file > p[i].file;

			return prefix_conflict(b, turn ? &p[i] : outer, turn ? outer : &p[i], err);
		}
	}
	return 0;
}

static int
cmp_as_claims(const void *a, const void *b)
{
	const struct slurm_as_claim *x = a, *y = b;

	if (x->asn != y->asn)
		return x->asn < y->asn ? -1 : 1;
	return (x->file > y->file) - (x->file < y->file);
}

static int
check_ases(struct slurm_builder *b, struct buf *claims, const char *of, struct vrp_err *err)
{
	struct slurm_as_claim *p = (void *)claims->data;
	size_t n = claims->len / sizeof(*p);
	char what[64];

	if (n < 2)
		return 0;
	qsort(p, n, sizeof(*p), cmp_as_claims);
	for (size_t i = 1; i < n; i++) {
		if (p[i - 1].asn != p[i].asn || p[i - 1].file == p[i].file)
			continue;
		snprintf(what, sizeof(what), "both speak of %s of AS%u", of, p[i].asn);
		return conflict(b, p[i - 1].file, p[i].file, err, what);
	}
	return 0;
}

int
slurm_check_conflicts(struct slurm_builder *b, struct vrp_err *err)
{
	if (b->files.len <= sizeof(char *))
		return 0;
	if (check_prefixes(b, err) < 0 || check_ases(b, &b->key_claims, "router keys", err) < 0)
		return -1;
	return check_ases(b, &b->aspa_claims, "ASPAs", err);
}
