/* SPDX-License-Identifier: ISC */
/*
 * What the writers of the dialects share.  A dialect is a style: how one record
 * of each kind looks and what stands between two of them.  Records are put
 * together in the room of `out` itself, and the names of trust anchors are
 * brought into the dialect's form once a table, not once a record.
 */
#ifndef VRP_EXPORT_INTERNAL_H
#define VRP_EXPORT_INTERNAL_H

#include "buf.h"
#include "export.h"
#include "names.h"
#include "num.h"
#include "payload.h"

struct export_run;

/* Each puts a record, or nothing, at dst and returns the end; kinds that the dialect doesn't hold may be NULL. */
struct export_style {
	const char *between;	/* two records of one kind */
	char *(*vrp)(char *dst, const struct vrp *vrp, const struct export_run *run);
	char *(*key)(char *dst, const struct router_key *key, const struct export_run *run);
	char *(*aspa)(char *dst, const struct aspa *aspa, const struct export_run *run);

	/* Append what the style puts for a trust anchor, given as a token of vrp(5), "-" included.  -1 when memory is out. */
	int (*name)(struct buf *text, const char *token, size_t len);
};

/* What a record may take, but for names, keys, providers and the text between. */
#define EXPORT_RECORD_MAX ((size_t)512)
#define EXPORT_BATCH ((size_t)64)	/* records of which the first is marked (out.h) */
#define EXPORT_AS_MAX ((size_t)16)	/* digits of an AS and what parts it from the next */

/* One table while it is written. */
struct export_run {
	struct out *out;
	const struct vrpset *set;
	const struct export_style *style;
	char date[STAMP_MAX];	/* of the data, or else of the export */
	struct buf names;	/* the pieces of all trust anchors */
	size_t *end;		/* where piece i ends, which begins where the one before it ends; NULL without style->name */
	size_t longest;		/* bytes of a piece */
};

/* False when memory is out, which out then says; there is nothing to release. */
VRP_NODISCARD bool export_begin(struct export_run *run, const struct export_style *style, struct out *out,
				const struct vrpset *set, const struct export_meta *meta);
void export_end(struct export_run *run);

/* Every record of a kind; of VRPs those of the families, EXPORT_IPV4 and EXPORT_IPV6. */
void export_vrps(struct export_run *run, unsigned families);
void export_keys(struct export_run *run);
void export_aspas(struct export_run *run);

static inline char *
export_put(char *dst, const void *text, size_t len)
{
	memcpy(dst, text, len);
	return dst + len;
}

/* Put a string literal at dst, which is advanced; add one to an out. */
#define EXPORT_PUT(dst, literal) ((dst) = export_put((dst), (literal), sizeof(literal) - 1))
#define EXPORT_ADD(out, literal) out_add((out), (literal), sizeof(literal) - 1)

static inline char *
export_put_name(char *dst, const struct export_run *run, uint16_t ta)
{
	size_t start = ta ? run->end[ta - 1] : 0;

	return export_put(dst, run->names.data + start, run->end[ta] - start);
}

/* ASes with sep between them; EXPORT_AS_MAX bytes for each. */
char *export_put_ases(char *dst, const uint32_t *as, uint32_t count, const char *sep);

/* Is the token "-", unknown? */
static inline bool
export_name_unknown(const char *token, size_t len)
{
	return len == 1 && *token == '-';
}

/*
 * Append the raw name of a token where it is UTF-8 without NUL, and with
 * `plain` without any control character; else the token as it stands.
 */
VRP_NODISCARD int export_name_raw(struct buf *text, const char *token, size_t len, bool plain);

/* Append a token's raw name as a JSON string in its quotes. */
VRP_NODISCARD int export_name_json(struct buf *text, const char *token, size_t len);

/* Lines that begin with #: source and time of the data, and how many records of these kinds it has. */
void export_comment(const struct export_run *run, const struct export_meta *meta, unsigned kinds);

/* The writers. */
void export_json(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_jsonl(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_csv(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_csvcompat(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_openbgpd(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_openbgpd_aspa(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_bird(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_bird1(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_bird1v4(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_bird1v6(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_rpsl(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_slurm(struct out *out, const struct vrpset *set, const struct export_meta *meta);
void export_summary(struct out *out, const struct vrpset *set, const struct export_meta *meta);

#endif
