/* SPDX-License-Identifier: ISC */
/* The table in every dialect: by its name, by names that others have given it, or by what a client accepts. */
#include "export.h"
#include "http_header.h"
#include "serve_internal.h"
#include "stream.h"

/* The line format among the dialects. */
#define LINES "vrps"

/*
 * What scripts and configurations ask for: names of rpki-client's console and of StayRTR, of
 * Routinator, whose bird2 is our bird, and what such files are called on disk.
 */
static const struct alias {
	const char *name, *dialect;
} aliases[] = {
	{"rpki.json", "json"},	 {"vrps.json", "json"},	    {"export.json", "json"},	{"api/v1/origins", "json"},
	{"rpki.csv", "csv"},	 {"vrps.csv", "csv"},	    {"bird2", "bird"},		{"slurm.json", "slurm"},
	{"rpki.jsonl", "jsonl"}, {"vrps.jsonl", "jsonl"},   {"summary.txt", "summary"}, {"vrps.txt", LINES},
};

/* Media types; what is not here is plain text. */
static const struct {
	const char *dialect, *type;
} types[] = {
	{"json", SERVE_JSON},	   {"slurm", SERVE_JSON},   {"jsonl", "application/x-ndjson"},
	{"csv", SERVE_CSV},	   {"csvcompat", SERVE_CSV},
};

static const char *
type_of(const struct export_format *format)
{
	for (size_t i = 0; format && i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].dialect, format->name) == 0)
			return types[i].type;
	return SERVE_TEXT;
}

/* False when nothing has that name; *format is NULL for the line format. */
static bool
find_format(const char *name, const struct export_format **format)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (strcmp(aliases[i].name, name) == 0) {
			name = aliases[i].dialect;
			break;
		}
	}
	*format = export_find(name);
	return *format || strcmp(name, LINES) == 0;
}

/* On the worker. */
static void
write_export(const void *ctx, struct out *out)
{
	const struct serve_subject *subject = ctx;
	const struct rtr_snapshot *snapshot = subject->snapshot;
	const struct export_meta meta = {
		.time = subject->data_time,
		.generated = snapshot->committed,
		.session = snapshot->session,
		.serial = snapshot->serial,
	};
	const struct block_attrs attrs = {
		.time = subject->data_time,
		.session = snapshot->session,
		.serial = snapshot->serial,
	};

	if (subject->format)
		subject->format->write(out, snapshot->set, &meta);
	else
		stream_write_snapshot(out, &attrs, snapshot->set);
}

static const struct document_maker maker = {write_export, serve_subject_ref, serve_subject_unref};

static void
reply(struct serve_http *s, struct httpd_request *r, const struct export_format *format)
{
	struct serve_subject *subject;
	struct serve_view view;

	if (!serve_look_for_table(s, r, &view))
		return;
	subject = serve_subject_new(&view);
	if (subject)
		subject->format = format;
	serve_view_release(&view);
	serve_reply_document(s, r, format ? format->name : LINES, type_of(format), &maker, subject, 0);
}

/* Whatever no other route has. */
void
serve_export(void *ctx, struct httpd_request *r)
{
	const struct export_format *format;

	if (find_format(httpd_rest(r), &format))
		reply(ctx, r, format);
	else
		httpd_reply_error(r, 404, "not found");
}

/* The first of them where a client has no wish. */
void
serve_vrps(void *ctx, struct httpd_request *r)
{
	static const char *const media[] = {"text/plain", "application/json", "text/csv", "application/x-ndjson"};
	static const char *const dialects[] = {LINES, "json", "csv", "jsonl"};
	const char *name = http_target_field(httpd_target(r), "format");
	size_t choice = http_accept_choose(httpd_header(r, "Accept"), media, ARRAY_LEN(media));
	const struct export_format *format;

	if (name && !find_format(name, &format)) {
		httpd_reply_error(r, 400, "no dialect is called '%s'", name);
		return;
	}
	if (!name && choice == ARRAY_LEN(media)) {
		httpd_reply_error(r, 406, "there is text/plain, application/json, text/csv and application/x-ndjson");
		return;
	}
	if (!name) {
		httpd_add_header(r, "Vary", "Accept");
		(void)find_format(dialects[choice], &format);
	}
	reply(ctx, r, format);
}
