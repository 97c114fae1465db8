/* SPDX-License-Identifier: ISC */
#include "diffjson.h"

#include <errno.h>

#include "enc.h"
#include "export_internal.h"
#include "stamp.h"

/* A token, or with raw any bytes, as a JSON string. */
static void
write_string(struct out *out, const char *text, size_t len, bool raw)
{
	struct buf token = BUF_INIT, string = BUF_INIT;
	int rc = raw ? percent_encode(&token, text, len) : buf_add(&token, text, len);

	if (rc < 0 || export_name_json(&string, token.data, token.len) < 0)
		out->error = out->error ? out->error : ENOMEM;
	else
		out_add(out, string.data, string.len);
	buf_release(&token);
	buf_release(&string);
}

static int64_t
known(int64_t time)
{
	return time == STAMP_UNKNOWN ? 0 : time;
}

static void
write_metadata(struct out *out, const char *name, const struct diffjson_side *side)
{
	size_t vrps, keys;

	(void)vrpset_vrps(side->set, &vrps);
	(void)vrpset_router_keys(side->set, &keys);
	out_addf(out, "\"%s\":{\"last-fetch\":%lld,\"url\":", name, (long long)known(side->time));
	write_string(out, side->url, strlen(side->url), true);
	out_addf(out, ",\"serial\":%u,\"session-id\":%u,\"count\":%zu,", side->serial, side->session, vrps + keys);
	out_addf(out, "\"rtr-refresh\":0,\"rtr-retry\":0,\"rtr-expire\":0},\n");
}

static void
write_vrp(struct out *out, const struct vrp *v, int64_t seen)
{
	char prefix[PREFIX_TEXT_MAX];

	*prefix_format(prefix, &v->prefix) = '\0';
	out_addf(out, "{\"asn\":%u,\"max-length\":%u,\"prefix\":\"%s\",\"first-seen\":%lld,\"last-seen\":%lld,\"visible\":true}",
		 v->asn, v->maxlen, prefix, (long long)seen, (long long)seen);
}

static void
write_key(struct out *out, const struct router_key *k, const struct names *names, int64_t seen)
{
	char *room, ski[2 * SKI_LEN + 1];
	size_t len;
	const char *token = names_get(names, k->ta, &len);

	*hex_encode(ski, k->ski, SKI_LEN) = '\0';
	out_addf(out, "{\"asn\":%u,\"max-length\":0,\"prefix\":\"\",\"first-seen\":%lld,\"last-seen\":%lld,\"visible\":true,"
		 "\"bgpsec\":{\"asn\":%u,", k->asn, (long long)seen, (long long)seen, k->asn);
	if (k->expires != EXPIRES_UNKNOWN)
		out_addf(out, "\"expires\":%u,", k->expires);
	if (k->ta) {
		out_addf(out, "\"ta\":");
		write_string(out, token, len, false);
		out_add(out, ",", 1);
	}
	out_addf(out, "\"pubkey\":\"");
	room = out_room(out, BASE64_LEN((size_t)k->spki_len));
	if (room)
		out_advance(out, (size_t)(base64_encode(room, k->spki, k->spki_len) - room));
	out_addf(out, "\",\"ski\":\"%s\"}}", ski);
}

static void
write_records(struct out *out, const char *name, const struct vrpset *set, int64_t time)
{
	const struct vrp *vrps;
	const struct router_key *keys;
	size_t vrp_count, key_count;

	vrps = vrpset_vrps(set, &vrp_count);
	keys = vrpset_router_keys(set, &key_count);
	out_addf(out, "\"%s\":[", name);
	for (size_t i = 0; i < vrp_count; i++) {
		out_add(out, i ? ",\n" : "\n", i ? 2 : 1);
		write_vrp(out, &vrps[i], known(time));
	}
	for (size_t i = 0; i < key_count; i++) {
		out_add(out, vrp_count + i ? ",\n" : "\n", vrp_count + i ? 2 : 1);
		write_key(out, &keys[i], vrpset_names(set), known(time));
	}
	out_addf(out, "]");
}

void
diffjson_write(struct out *out, const struct diffjson_side *primary, const struct diffjson_side *secondary,
	       const struct delta *delta)
{
	out_addf(out, "{");
	write_metadata(out, "metadata-primary", primary);
	write_metadata(out, "metadata-secondary", secondary);
	write_records(out, "only-primary", delta->withdrawn, primary->time);
	out_addf(out, ",\n");
	write_records(out, "only-secondary", delta->announced, secondary->time);
	out_addf(out, "}\n");
}
