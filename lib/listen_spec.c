/* SPDX-License-Identifier: ISC */
#include "listen_spec.h"

#include "num.h"
#include "rtr_pdu.h"

#define CLIENTS_MAX 10000000

const char *const listen_transport_names[LISTEN_TRANSPORTS] = {"tcp", "tls", "ssh", "unix"};

/* One key: for which transports it is, and what it does with its value. */
struct key {
	const char *name;
	unsigned transports;	/* bit t for enum listen_transport t */
	const char *(*set)(struct listen_spec *spec, const char *value);	/* a reason, or NULL */
};

#define OF(transport) (1U << (transport))
#define OF_ALL (OF(LISTEN_TRANSPORTS) - 1)

bool
listen_transport_parse(const char *s, size_t len, enum listen_transport *out)
{
	for (unsigned t = 0; t < LISTEN_TRANSPORTS; t++) {
		if (strlen(listen_transport_names[t]) == len && memcmp(listen_transport_names[t], s, len) == 0) {
			*out = (enum listen_transport)t;
			return true;
		}
	}
	return false;
}

static const char *
set_name(struct listen_spec *spec, const char *value)
{
	for (const char *p = value; *p; p++)
		if (*p <= ' ' || *p > '~')
			return "a name is printable and has no blanks";
	spec->name = value;
	return NULL;
}

static const char *
set_max_version(struct listen_spec *spec, const char *value)
{
	uint32_t v;

	if (!num_u32(value, strlen(value), &v) || v > RTR_VERSION_MAX)
		return "not 0, 1 or 2";
	if (v < spec->max_version)
		spec->max_version = (uint8_t)v;
	return NULL;
}

static const char *
set_count(size_t *out, const char *value)
{
	uint32_t v;

	if (!num_u32(value, strlen(value), &v) || v < 1 || v > CLIENTS_MAX)
		return "not a number from 1 to 10000000";
	*out = v;
	return NULL;
}

static const char *
set_max_clients(struct listen_spec *spec, const char *value)
{
	return set_count(&spec->max_clients, value);
}

static const char *
set_max_per_address(struct listen_spec *spec, const char *value)
{
	return set_count(&spec->max_per_address, value);
}

static const char *
set_mode(struct listen_spec *spec, const char *value)
{
	char *end;
	unsigned long mode = strtoul(value, &end, 8);

	if (*value < '0' || *value > '7' || *end || mode > 0777)
		return "not an octal mode such as 0660";
	spec->mode = (uint32_t)mode;
	return NULL;
}

#define SET_TEXT(member)                                              \
	static const char *                                           \
	set_##member(struct listen_spec *spec, const char *value)     \
	{                                                             \
		spec->member = value;                                 \
		return NULL;                                          \
	}

SET_TEXT(cert)
SET_TEXT(key)
SET_TEXT(client_ca)
SET_TEXT(authorized_keys)
SET_TEXT(passwords)

/* The first one replaces those of defaults. */
static const char *
set_host_key(struct listen_spec *spec, const char *value)
{
	if (!spec->own_host_keys)
		spec->host_key_count = 0;
	spec->own_host_keys = true;
	if (spec->host_key_count == LISTEN_HOST_KEYS_MAX)
		return "too many";
	spec->host_keys[spec->host_key_count++] = value;
	return NULL;
}

static const char *
set_anyone(struct listen_spec *spec, const char *value)
{
	spec->anyone = strcmp(value, "yes") == 0;
	return spec->anyone || strcmp(value, "no") == 0 ? NULL : "not yes or no";
}

static const struct key keys[] = {
	{"name", OF_ALL, set_name},
	{"max-version", OF_ALL, set_max_version},
	{"max-clients", OF_ALL, set_max_clients},
	{"max-clients-per-address", OF_ALL & ~OF(LISTEN_UNIX), set_max_per_address},
	{"cert", OF(LISTEN_TLS), set_cert},
	{"key", OF(LISTEN_TLS), set_key},
	{"client-ca", OF(LISTEN_TLS), set_client_ca},
	{"host-key", OF(LISTEN_SSH), set_host_key},
	{"authorized-keys", OF(LISTEN_SSH), set_authorized_keys},
	{"passwords", OF(LISTEN_SSH), set_passwords},
	{"anyone", OF(LISTEN_SSH), set_anyone},
	{"mode", OF(LISTEN_UNIX), set_mode},
};

static const struct key *
find_key(const char *s, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strlen(keys[i].name) == len && memcmp(keys[i].name, s, len) == 0)
			return &keys[i];
	return NULL;
}

/* End the part that begins at s, undoing its backslashes.  Returns what stands behind its comma, NULL for nothing. */
static char *
cut(char *s)
{
	char *dst = s;

	for (; *s && *s != ','; s++) {
		if (*s == '\\' && (s[1] == ',' || s[1] == '\\'))
			s++;
		*dst++ = *s;
	}
	if (*s != ',') {
		*dst = '\0';
		return NULL;
	}
	*dst = '\0';
	return s + 1;
}

static int
take_key(struct listen_spec *spec, const char *text, const char *pair, struct vrp_err *err)
{
	const char *equals = strchr(pair, '=');
	const struct key *key = equals ? find_key(pair, (size_t)(equals - pair)) : NULL;
	const char *why;

	if (!equals)
		return vrp_err_set(err, "'%s': '%s' is not KEY=VALUE", text, pair);
	if (!key)
		return vrp_err_set(err, "'%s': unknown key '%.*s'", text, (int)(equals - pair), pair);
	if (!(key->transports & OF(spec->transport)))
		return vrp_err_set(err, "'%s': %s is not for %s", text, key->name, listen_transport_names[spec->transport]);
	why = equals[1] ? key->set(spec, equals + 1) : "no value";
	return why ? vrp_err_set(err, "'%s': %s: %s", text, key->name, why) : 0;
}

/* The scheme in front, if any: how long it is, -1 when it is no transport of ours. */
static int
take_scheme(struct listen_spec *spec, const char *text)
{
	const char *mark = strstr(text, "://");
	const char *comma = strchr(text, ',');

	spec->transport = LISTEN_TCP;
	if (strncmp(text, "unix:", 5) == 0) {
		spec->transport = LISTEN_UNIX;
		return strncmp(text, "unix://", 7) == 0 ? 7 : 5;
	}
	if (!mark || (comma && comma < mark))
		return 0;
	return listen_transport_parse(text, (size_t)(mark - text), &spec->transport) ? (int)(mark + 3 - text) : -1;
}

int
listen_spec_parse(const char *text, const struct listen_spec *defaults, struct listen_spec *out, struct vrp_err *err)
{
	char *pair;
	int scheme;

	*out = *defaults;
	scheme = take_scheme(out, text);
	if (scheme < 0)
		return vrp_err_set(err, "'%s': not tcp://, tls://, ssh:// or unix:", text);
	out->address = strdup(text + scheme);
	if (!out->address)
		return vrp_err_nomem(err);
	for (char *rest = cut(out->address); (pair = rest);) {
		rest = cut(pair);
		if (take_key(out, text, pair, err) < 0) {
			listen_spec_release(out);
			return -1;
		}
	}
	if (!out->address[0]) {
		listen_spec_release(out);
		return vrp_err_set(err, "'%s': no %s", text, out->transport == LISTEN_UNIX ? "path" : "address");
	}
	return 0;
}

void
listen_spec_release(struct listen_spec *spec)
{
	free(spec->address);
	spec->address = NULL;
}
