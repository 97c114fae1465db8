/* SPDX-License-Identifier: ISC */
#include "rtr_ask.h"

#include "rtr_link.h"
#include "rtr_manager.h"
#include "transport.h"

bool
rtr_ask_names_cache(const char *source, const struct transports *transports)
{
	return transports_scheme(transports, source) != NULL;
}

static void
on_table(void *ctx, const struct rtr_manager_update *update)
{
	struct vrpset **set = ctx;

	if (!*set)
		*set = vrpset_ref(update->set);
}

/* Until there is a table, or a state in which only waiting would help. */
static int
converse(struct rtr_manager *m, struct rtr_link *l, struct vrpset *const *set, struct vrp_err *err)
{
	rtr_manager_start(m, transport_now());
	while (!*set) {
		struct rtr_manager_cache cache = rtr_manager_cache(m, 0);

		if (rtr_manager_need(m, 0) == RTR_NEED_TIME || cache.state == RTR_CLIENT_NO_DATA)
			return vrp_err_set(err, "%s", cache.reason);
		if (rtr_link_step(l, NULL, 0, err) < 0)
			return -1;
	}
	return 0;
}

struct vrpset *
rtr_ask(const char *cache, const struct transports *transports, int64_t timeout, struct names *names, struct vrp_err *err)
{
	static const struct rtr_manager_ops ops = {.table = on_table};
	static const uint8_t preference = 1;
	struct rtr_manager_config config = RTR_MANAGER_CONFIG_DEFAULT;
	struct vrpset *set = NULL;
	struct rtr_manager *m;
	struct rtr_link *l;
	struct endpoint to;

	vrp_err_clear(err);
	if (endpoint_parse(cache, transports, &to, err) < 0)
		return NULL;
	config.client.names = names;
	config.client.idle_timeout = timeout;
	config.ops = &ops;
	config.ctx = &set;
	m = rtr_manager_new(&config, &preference, 1);
	l = m ? rtr_link_new(m, &to, timeout, err) : NULL;
	if (!m)
		vrp_err_nomem(err);
	if (l && converse(m, l, &set, err) < 0) {
		vrpset_unref(set);
		set = NULL;
	}
	rtr_link_free(l);
	rtr_manager_free(m);
	return set;
}
