/* SPDX-License-Identifier: ISC */
#include "diffjson.h"

#include <errno.h>

#include "enc.h"
#include "stamp.h"

/* The length of the UTF-8 sequence (RFC 3629) of more than one byte that s begins with, 0 when there is none. */
static size_t
utf8_length(const unsigned char *s)
{
	unsigned lo = 0x80, hi = 0xbf;
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return len;
}

static void
write_string(struct out *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	out_add(out, "\"", 1);
	while (*s) {
		size_t len = *s < 0x80 ? 1 : utf8_length(s);

		if (len == 0)
			out_add(out, "\\ufffd", 6);
		else if (*s == '"' || *s == '\\')
			out_addf(out, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			out_addf(out, "\\u%04x", *s);
		else
			out_add(out, s, len);
		s += len ? len : 1;
	}
	out_add(out, "\"", 1);
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
	write_string(out, side->url);
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
write_anchor(struct out *out, const char *token, size_t len)
{
	struct buf name = BUF_INIT;

	if (percent_decode(&name, token, len) < 0 || buf_add(&name, "", 1) < 0) {
		out->error = out->error ? out->error : ENOMEM;
	} else {
		out_addf(out, "\"ta\":");
		write_string(out, name.data);
		out_add(out, ",", 1);
	}
	buf_release(&name);
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
	if (k->ta)
		write_anchor(out, token, len);
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
