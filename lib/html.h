/* SPDX-License-Identifier: ISC */
/*
 * HTML for people, in one look for all pages: written on the server, with one
 * inline style (look.css) and one inline script (look.js), both named by hash
 * in the Content-Security-Policy, and nothing from anywhere else.
 *
 *	html_begin(&out, "rtr-serve", HTML_WELL, "All is well");
 *	html_section(&out, "routers", "Routers");
 *	html_table(&out, "clients", "Connected routers", columns, ARRAY_LEN(columns));
 *	html_row(&out);
 *	html_head_cell(&out);
 *	html_name(&out, router);
 *	html_cell(&out, true);
 *	html_count(&out, serial);
 *	html_table_end(&out);
 *	html_section_end(&out);
 *	html_end(&out, now);
 *
 * An element with an id and `data-live` is kept as it is on the server: the
 * script asks for the same page again every few seconds and takes over the
 * contents and the class of those that changed.  So what is seen is written in
 * one place only, here.  Tables and facts are live by themselves.
 *
 * Text from outside goes through html_text() or html_name() and nothing else.
 * All else is written as it stands: end tags that HTML lets leave out are left out.
 */
#ifndef VRP_HTML_H
#define VRP_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "out.h"

#define HTML_TYPE "text/html; charset=utf-8"

/* ---- Text and values */

/*
 * Text for an element or a quoted attribute.  What is not UTF-8, control
 * characters, and characters that are not seen but change what is (marks of
 * direction, joiners, separators) become U+FFFD; tabs and newlines blanks.
 */
void html_text(struct out *o, const char *s, size_t len);

/* A name from outside, set apart so that letters written right to left move nothing beside them. */
void html_name(struct out *o, const char *s);

void html_count(struct out *o, uint64_t n);	/* 812,345 */
void html_size(struct out *o, uint64_t bytes);	/* 1.2 MB */
void html_span(struct out *o, int64_t seconds);	/* 3 min 5 s; its two largest units */

/* A point in Unix seconds: `04:33:12 UTC` with its date where that isn't today's, and `3 min 5 s ago`. */
void html_time(struct out *o, int64_t when, int64_t now);
void html_ago(struct out *o, int64_t when, int64_t now);

/* ---- The page */

enum html_mood {
	HTML_WELL,
	HTML_CARE,	/* works, and wants to be looked at */
	HTML_BAD,
};

/*
 * All up to the first section: the tool's name, and its state in a few words,
 * which are the title as well.  Paragraphs about the state may follow, then
 * html_state_end().
 */
void html_begin(struct out *o, const char *tool, enum html_mood mood, const char *state);
void html_state_end(struct out *o);

/* The end of all sections and of the page.  Between them there is room for the footer's paragraphs. */
void html_foot(struct out *o, int64_t now);
void html_end(struct out *o);

/* A part with a heading.  The id is a word of our own. */
void html_section(struct out *o, const char *id, const char *heading);
void html_section_end(struct out *o);

/* Large numbers: after html_fact() comes the number, after html_fact_note() a few words on it, then html_fact_end(). */
void html_facts(struct out *o, const char *id, const char *label);
void html_fact(struct out *o, const char *term);
void html_fact_note(struct out *o);
void html_fact_end(struct out *o);
void html_facts_end(struct out *o);

struct html_column {
	const char *name;
	bool number;	/* to the right, digits of one width */
};

/* A table that scrolls by itself where the page is narrow. */
void html_table(struct out *o, const char *id, const char *caption, const struct html_column *columns, size_t n);
void html_row(struct out *o);
void html_head_cell(struct out *o);	/* what the row is about */
void html_cell(struct out *o, bool number);
void html_table_end(struct out *o);

/*
 * The value of Content-Security-Policy for such a page.  -1 when memory is out.
 */
#define HTML_POLICY_MAX 512
VRP_NODISCARD int html_policy(char out[HTML_POLICY_MAX]);

#endif
