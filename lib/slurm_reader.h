/* SPDX-License-Identifier: ISC */
/*
 * Reading one SLURM file: slurm_read.c walks through its objects and lists,
 * slurm_entry.c takes the values of an entry and puts whole ones into the
 * builder.  Functions that return int give -1 with the reason in rd->err.
 */
#ifndef VRP_SLURM_READER_H
#define VRP_SLURM_READER_H

#include "json.h"
#include "slurm_internal.h"

/* All members there are, whatever object they belong to. */
enum slurm_member {
	MEMBER_VERSION,
	MEMBER_FILTERS,
	MEMBER_ASSERTIONS,
	MEMBER_PREFIX_FILTERS,
	MEMBER_BGPSEC_FILTERS,
	MEMBER_ASPA_FILTERS,
	MEMBER_PREFIX_ASSERTIONS,
	MEMBER_BGPSEC_ASSERTIONS,
	MEMBER_ASPA_ASSERTIONS,
	MEMBER_PREFIX,
	MEMBER_ASN,
	MEMBER_MAX_LENGTH,
	MEMBER_SKI,
	MEMBER_PUBLIC_KEY,
	MEMBER_CUSTOMER,
	MEMBER_PROVIDERS,
	MEMBER_COMMENT,
	MEMBER_COUNT,
};

/* Sets of members. */
#define BIT(member) (1U << (member))

struct slurm_place {
	size_t line;	/* 0: nowhere */
	size_t column;
};

/* An entry in the making: what was read of it so far, kept to be judged when it is whole. */
struct slurm_entry {
	unsigned have;		/* members */
	struct slurm_place max_length_place, providers_place;
	struct prefix prefix;
	uint32_t asn;		/* of an ASPA: the customer */
	int64_t max_length;	/* not checked yet */
	struct buf ski, spki;
	struct buf providers;	/* of uint32_t */
};

#define NO_INDEX SIZE_MAX

struct slurm_reader {
	struct slurm_builder *b;
	struct json_reader *r;
	struct vrp_err *err;
	uint32_t file;

	/* Where we are, for messages: a section, a list, a member. */
	struct {
		const char *name;
		size_t index;	/* in the array that the member is, or NO_INDEX */
	} path[3];
	unsigned depth;

	/* What is judged at the end of the document, which may have its version there. */
	int64_t version;	/* 0 until it was read */
	struct {
		unsigned have;	/* lists */
		struct slurm_place place;
	} section[2];
	struct slurm_place aspa_place;	/* the first list of ASPAs */
	enum slurm_member aspa_section, aspa_list;

	struct slurm_entry entry;
};

struct slurm_place slurm_reader_here(struct slurm_reader *rd);	/* of the last token */

/* An error with the path before it; always -1.  slurm_reader_bad(): the last token is at fault. */
int slurm_reader_bad_at(struct slurm_reader *rd, struct slurm_place place, const char *fmt, ...) VRP_PRINTF(3, 4);
#define slurm_reader_bad(rd, ...) slurm_reader_bad_at((rd), slurm_reader_here(rd), __VA_ARGS__)

/* Go down to a member, and up again. */
void slurm_reader_enter(struct slurm_reader *rd, enum slurm_member member);
void slurm_reader_leave(struct slurm_reader *rd);

/* The next token: any, one of this type, or a string that is short enough to be held.  expect: is it of this type? */
VRP_NODISCARD int slurm_reader_next(struct slurm_reader *rd, struct json_token *t);
VRP_NODISCARD int slurm_reader_take(struct slurm_reader *rd, struct json_token *t, enum json_token_type type);
VRP_NODISCARD int slurm_reader_text(struct slurm_reader *rd, struct json_token *t);
VRP_NODISCARD int slurm_reader_expect(struct slurm_reader *rd, const struct json_token *t, enum json_token_type type);

/* Read the value of a member into the entry; put the entry, which has all members it needs, into the builder. */
VRP_NODISCARD int slurm_entry_take(struct slurm_reader *rd, enum slurm_member member);
VRP_NODISCARD int slurm_entry_add(struct slurm_reader *rd, enum slurm_member list);
void slurm_entry_release(struct slurm_entry *e);

#endif
