/* SPDX-License-Identifier: ISC */
/* SLURM files as text for tests: made of lists, read, and read together. */
#ifndef VRP_TEST_EXCEPTIONS_H
#define VRP_TEST_EXCEPTIONS_H

#include "test.h"

#include "../pieces.h"
#include "names.h"
#include "slurm.h"

/* The entries of the lists stand on lines 3, 5, 8 and 10 of version 1; on 3, 5, 7, 10, 12 and 14 of version 2. */
#define V1(prefix_filters, bgpsec_filters, prefix_assertions, bgpsec_assertions)			\
	"{\"slurmVersion\":1,\n"									\
	"\"validationOutputFilters\":{\"prefixFilters\":[\n" prefix_filters "\n"				\
	"],\"bgpsecFilters\":[\n" bgpsec_filters "\n]},\n"						\
	"\"locallyAddedAssertions\":{\"prefixAssertions\":[\n" prefix_assertions "\n"			\
	"],\"bgpsecAssertions\":[\n" bgpsec_assertions "\n]}}\n"

#define V2(prefix_filters, bgpsec_filters, aspa_filters, prefix_assertions, bgpsec_assertions, aspa_assertions)	\
	"{\"slurmVersion\":2,\n"									\
	"\"validationOutputFilters\":{\"prefixFilters\":[\n" prefix_filters "\n"				\
	"],\"bgpsecFilters\":[\n" bgpsec_filters "\n"							\
	"],\"aspaFilters\":[\n" aspa_filters "\n]},\n"							\
	"\"locallyAddedAssertions\":{\"prefixAssertions\":[\n" prefix_assertions "\n"			\
	"],\"bgpsecAssertions\":[\n" bgpsec_assertions "\n"						\
	"],\"aspaAssertions\":[\n" aspa_assertions "\n]}}\n"

static inline int
read_file_text(struct slurm_builder *b, const char *name, const char *text, size_t len, size_t piece, struct vrp_err *err)
{
	struct pieces pieces = {text, len, piece};
	struct feed_input in = {pieces_read, &pieces};

	return slurm_read(b, name, &in, err);
}

/* One file, "test.json"; NULL with a reason. */
static inline struct slurm *
slurm_of(struct names *names, const char *text, size_t len, size_t piece, struct vrp_err *err)
{
	struct slurm_builder *b = slurm_builder_new(names);

	assert_non_null(b);
	if (read_file_text(b, "test.json", text, len, piece, err) == 0)
		return slurm_finish(b, err);
	slurm_builder_free(b);
	return NULL;
}

/* One that has to be good. */
static inline struct slurm *
good_slurm(struct names *names, const char *text)
{
	struct vrp_err err = {0};
	struct slurm *s = slurm_of(names, text, strlen(text), SIZE_MAX, &err);

	assert_case(s, "%s\n%zu:%zu: %s", text, err.line, err.column, err.msg);
	return s;
}

/* Two files, a.json and b.json. */
static inline struct slurm *
slurm_of_two(struct names *names, const char *a, const char *b, struct vrp_err *err)
{
	struct slurm_builder *builder = slurm_builder_new(names);

	assert_non_null(builder);
	assert_case(read_file_text(builder, "a.json", a, strlen(a), SIZE_MAX, err) == 0, "%s\n%zu:%zu: %s", a, err->line,
		    err->column, err->msg);
	assert_case(read_file_text(builder, "b.json", b, strlen(b), SIZE_MAX, err) == 0, "%s\n%zu:%zu: %s", b, err->line,
		    err->column, err->msg);
	return slurm_finish(builder, err);
}

#endif
