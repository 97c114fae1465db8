/* SPDX-License-Identifier: ISC */
/* What a view is made of, for the files that make one or look into it. */
#ifndef VRPFS_VIEW_INTERNAL_H
#define VRPFS_VIEW_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "anchors.h"
#include "blob.h"
#include "export.h"
#include "index.h"
#include "out.h"
#include "stream.h"
#include "tree.h"

/* A change: the block that leads to a version from the one before it. */
struct edition_delta {
	uint32_t version;
	int64_t time;		/* nanoseconds since 1970, as all times here */
	struct blob *block;
};

/* The file of a dialect, counted when somebody asks for it first. */
struct edition_export {
	bool counted;
	uint64_t size;
	struct out_marks marks;
};

/* A table and what is known about it: what a version stands for. */
struct edition {
	atomic_size_t refs;
	struct anchors *anchors;
	struct index *index;
	uint32_t version;		/* 0 before the first table */
	int64_t time;			/* when it came */
	struct block_attrs meta;
	char *source;			/* what meta.source points to */
	struct edition_delta *deltas;	/* the oldest first, with versions one after the other */
	size_t delta_count;
	pthread_mutex_t lock;		/* for exports */
	struct edition_export *exports;	/* as many as there are dialects */
};

/* An edition with a status, which changes more often. */
struct view {
	atomic_size_t refs;
	struct edition *edition;
	struct blob *status;
	int64_t status_time;
	int64_t start;			/* when the tree was made */
};

/* Takes over nothing, but copies and references what it needs.  NULL when memory is out. */
VRP_NODISCARD struct edition *edition_new(struct anchors *anchors, struct index *index, const struct block_attrs *meta);
struct edition *edition_ref(struct edition *e);
void edition_unref(struct edition *e);		/* NULL is allowed */

VRP_NODISCARD struct view *view_new(struct edition *e, int64_t start);

/* The kept change that led to a version, NULL when there is none. */
const struct edition_delta *edition_delta(const struct edition *e, uint32_t version);

/* How large the file of dialect i is.  -1 when memory is out. */
VRP_NODISCARD int edition_count_export(struct edition *e, size_t i, uint64_t *size);

/* What exports are made with: as if they were made when the version came, so that they stay the same. */
struct export_meta edition_export_meta(const struct edition *e);

#endif
