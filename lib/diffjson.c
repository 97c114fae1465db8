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

void
diffjson_string(struct out *out, const char *text)
{
	write_string(out, text, strlen(text), true);
}

void
diffjson_metadata(struct out *out, const char *name, const struct diffjson_side *side)
{
	size_t vrps = 0, keys = 0;

	if (side->set) {
		(void)vrpset_vrps(side->set, &vrps);
		(void)vrpset_router_keys(side->set, &keys);
	}
	out_addf(out, "\"metadata-%s\":{\"last-fetch\":%lld,\"url\":", name, (long long)known(side->time));
	diffjson_string(out, side->url);
	out_addf(out, ",\"serial\":%u,\"session-id\":%u,\"count\":%zu,", side->serial, side->session, vrps + keys);
	out_addf(out, "\"rtr-refresh\":0,\"rtr-retry\":0,\"rtr-expire\":0},\n");
}

/* When a record was seen, for its end. */
static void
write_seen(struct out *out, int64_t first_seen, int64_t last_seen)
{
	out_addf(out, "\"first-seen\":%lld,\"last-seen\":%lld,\"visible\":true", (long long)known(first_seen),
		 (long long)known(last_seen));
}

static void
write_vrp(struct out *out, const struct vrp *v)
{
	char prefix[PREFIX_TEXT_MAX];

	*prefix_format(prefix, &v->prefix) = '\0';
	out_addf(out, "\"asn\":%u,\"max-length\":%u,\"prefix\":\"%s\",", v->asn, v->maxlen, prefix);
}

static void
write_key(struct out *out, const struct router_key *k, const struct names *names)
{
	char *room, ski[2 * SKI_LEN + 1];
	size_t len;
	const char *token = names_get(names, k->ta, &len);

	*hex_encode(ski, k->ski, SKI_LEN) = '\0';
	out_addf(out, ",\"bgpsec\":{\"asn\":%u,", k->asn);
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
	out_addf(out, "\",\"ski\":\"%s\"}", ski);
}

void
diffjson_begin(struct out *out, const char *name)
{
	out_addf(out, "\"only-%s\":[", name);
}

void
diffjson_record(struct out *out, bool first, const struct payload *payload, const struct names *names, int64_t first_seen,
		int64_t last_seen)
{
	out_addf(out, first ? "\n{" : ",\n{");
	if (payload->kind == PAYLOAD_VRP)
		write_vrp(out, &payload->vrp);
	else
		out_addf(out, "\"asn\":%u,\"max-length\":0,\"prefix\":\"\",", payload->key.asn);
	write_seen(out, first_seen, last_seen);
	if (payload->kind == PAYLOAD_ROUTER_KEY)
		write_key(out, &payload->key, names);
	out_add(out, "}", 1);
}

void
diffjson_end(struct out *out)
{
	out_add(out, "]", 1);
}

static void
write_records(struct out *out, const char *name, const struct vrpset *set, int64_t time)
{
	const struct vrp *vrps;
	const struct router_key *keys;
	size_t vrp_count, key_count;

	vrps = vrpset_vrps(set, &vrp_count);
	keys = vrpset_router_keys(set, &key_count);
	diffjson_begin(out, name);
	for (size_t i = 0; i < vrp_count; i++) {
		struct payload p = {.kind = PAYLOAD_VRP, .vrp = vrps[i]};

		diffjson_record(out, i == 0, &p, NULL, time, time);
	}
	for (size_t i = 0; i < key_count; i++) {
		struct payload p = {.kind = PAYLOAD_ROUTER_KEY, .key = keys[i]};

		diffjson_record(out, vrp_count + i == 0, &p, vrpset_names(set), time, time);
	}
	diffjson_end(out);
}

void
diffjson_write(struct out *out, const struct diffjson_side *primary, const struct diffjson_side *secondary,
	       const struct delta *delta)
{
	out_addf(out, "{");
	diffjson_metadata(out, "primary", primary);
	diffjson_metadata(out, "secondary", secondary);
	write_records(out, "primary", delta->withdrawn, primary->time);
	out_addf(out, ",\n");
	write_records(out, "secondary", delta->announced, secondary->time);
	out_addf(out, "}\n");
}
