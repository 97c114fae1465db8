/* SPDX-License-Identifier: ISC */
/*
 * A table of one's own.  Changes are collected, and become visible together:
 *
 *	table = vrp_table_new();
 *	vrp_table_add_record(table, &record);  ...
 *	vrp_table_commit(table, &err);
 *	view = vrp_table_view(table);
 *
 * Any thread may call any function here but vrp_table_free().  Those that change the table
 * wait for each other; vrp_table_view() waits for none of them.  To collect a change costs
 * the same however many there are, about a microsecond with its commit; besides, a commit
 * is a walk over the table, with about 50 ns a VRP.
 */
#ifndef VRP_API_TABLE_H
#define VRP_API_TABLE_H

#include "types.h"
#include "view.h"

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

struct vrp_table;

struct vrp_table *vrp_table_new(void);		/* empty; NULL when memory is out */
void vrp_table_free(struct vrp_table *table);	/* its views stay; NULL is allowed */

/*
 * Copy a record in.  VRP_DUPLICATE when the same one is there, whatever its annotations, or,
 * for an ASPA, one of that customer; VRP_INVALID when it is malformed, as with host bits;
 * VRP_NOMEM.  Providers may come in any order.  A record that was added or removed since
 * the last commit counts as there or as gone.
 */
int vrp_table_add_record(struct vrp_table *table, const struct vrp_record *record);
int vrp_table_add_router_key(struct vrp_table *table, const struct vrp_router_key *key);
int vrp_table_add_aspa(struct vrp_table *table, const struct vrp_aspa *aspa);

/* VRP_NOT_FOUND, VRP_INVALID or VRP_NOMEM.  Annotations are not looked at. */
int vrp_table_remove_record(struct vrp_table *table, const struct vrp_record *record);
int vrp_table_remove_router_key(struct vrp_table *table, const struct vrp_router_key *key);
int vrp_table_remove_aspa(struct vrp_table *table, uint32_t customer);

/*
 * The number of a trust anchor by its name, for records to be added, of which there
 * can be 4,096.  VRP_INVALID when there are too many, the name is too long, or memory is out.
 */
int vrp_table_trust_anchor(struct vrp_table *table, const char *name);

/*
 * Make all changes visible, at once.  VRP_OK also when there are none.  VRP_ERROR
 * with a reason, such as that memory is out; the changes are then still to be committed.
 */
int vrp_table_commit(struct vrp_table *table, struct vrp_error *err);

/* Forget the changes since the last commit. */
void vrp_table_rollback(struct vrp_table *table);

/*
 * Replace the whole table, at once, by that of a file of vrp(5), or of standard input
 * where path is "-"; changes that were not committed are forgotten.  The whole of the
 * file has to be good.  VRP_ERROR with a reason, and nothing has changed.
 */
int vrp_table_load(struct vrp_table *table, const char *path, struct vrp_error *err);

/* What was committed last: a new reference, never NULL.  Takes a moment and waits for nobody. */
struct vrp_view *vrp_table_view(struct vrp_table *table);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
