/* SPDX-License-Identifier: ISC */
#include "rtr_response.h"

int
rtr_response_begin(struct rtr_response *r, struct names *names, bool reset)
{
	*r = (struct rtr_response){.announced = vrpset_builder_new(names)};
	if (!reset)
		r->withdrawn = vrpset_builder_new(names);
	if (r->announced && (reset || r->withdrawn))
		return 0;
	rtr_response_release(r);
	return -1;
}

void
rtr_response_release(struct rtr_response *r)
{
	vrpset_builder_free(r->announced);
	vrpset_builder_free(r->withdrawn);
	*r = (struct rtr_response)RTR_RESPONSE_INIT;
}

int
rtr_response_add(struct rtr_response *r, const struct rtr_pdu *pdu)
{
	static const uint32_t no_providers[] = {0};
	struct payload p = pdu->payload;

	if (p.kind == PAYLOAD_VRP)
		return vrpset_add_vrp(pdu->announce ? r->announced : r->withdrawn, &p.vrp);
	if (p.kind == PAYLOAD_ASPA && !pdu->announce) {
		p.aspa.providers = no_providers;
		p.aspa.provider_count = 1;
	}
	return vrpset_add(pdu->announce ? r->announced : r->withdrawn, &p);
}

size_t
rtr_response_count(const struct rtr_response *r)
{
	return (r->announced ? vrpset_builder_count(r->announced) : 0) +
	       (r->withdrawn ? vrpset_builder_count(r->withdrawn) : 0);
}

void
rtr_result_release(struct rtr_result *result)
{
	vrpset_unref(result->set);
	delta_release(&result->delta);
	*result = (struct rtr_result){0};
}

/* A record of the set, counting through the kinds. */
static struct payload
record_at(const struct vrpset *set, size_t i)
{
	size_t vrp_count, key_count, aspa_count;
	const struct vrp *vrps = vrpset_vrps(set, &vrp_count);
	const struct router_key *keys = vrpset_router_keys(set, &key_count);
	const struct aspa *aspas = vrpset_aspas(set, &aspa_count);

	if (i < vrp_count)
		return (struct payload){.kind = PAYLOAD_VRP, .vrp = vrps[i]};
	if (i - vrp_count < key_count)
		return (struct payload){.kind = PAYLOAD_ROUTER_KEY, .key = keys[i - vrp_count]};
	return (struct payload){.kind = PAYLOAD_ASPA, .aspa = aspas[i - vrp_count - key_count]};
}

/*
 * The records of one side of a delta that say something.  VRPs and router keys
 * that the other side names too cancel out; an announced ASPA that base has
 * just so and that is not withdrawn says nothing.
 */
static struct vrpset *
net_of(const struct vrpset *side, const struct vrpset *other, const struct vrpset *base, bool announced)
{
	struct vrpset_builder *b = vrpset_builder_new(vrpset_names(side));

	if (!b)
		return NULL;
	for (size_t i = 0, n = vrpset_count(side); i < n; i++) {
		struct payload p = record_at(side, i);
		const struct aspa *old = NULL;

		if (p.kind != PAYLOAD_ASPA && vrpset_contains(other, &p))
			continue;
		if (p.kind == PAYLOAD_ASPA && announced && base && !vrpset_contains(other, &p))
			old = vrpset_find_aspa(base, &p.aspa);
		if (old && aspa_same_providers(old, &p.aspa))
			continue;
		if (vrpset_add(b, &p) < 0) {
			vrpset_builder_free(b);
			return NULL;
		}
	}
	return vrpset_finish(b, NULL);
}

static enum rtr_error
blame(struct rtr_result *result, enum rtr_error error, const struct payload *p, const char *why)
{
	result->has_culprit = true;
	result->culprit = *p;
	vrp_err_set(&result->err, "%s", why);
	return error;
}

static enum rtr_error
no_memory(struct rtr_result *result)
{
	vrp_err_nomem(&result->err);
	return RTR_INTERNAL_ERROR;
}

static enum rtr_error
check_against(const struct vrpset *base, struct rtr_result *result)
{
	const struct delta *d = &result->delta;

	for (size_t i = 0, n = vrpset_count(d->withdrawn); i < n; i++) {
		struct payload p = record_at(d->withdrawn, i);

		if (!vrpset_contains(base, &p))
			return blame(result, RTR_WITHDRAWAL_OF_UNKNOWN, &p, "record withdrawn that was not announced");
	}
	for (size_t i = 0, n = vrpset_count(d->announced); i < n; i++) {
		struct payload p = record_at(d->announced, i);

		if (p.kind != PAYLOAD_ASPA && vrpset_contains(base, &p))
			return blame(result, RTR_DUPLICATE_ANNOUNCEMENT, &p, "record announced that is there already");
	}
	return RTR_NO_ERROR;
}

/* Apply the net delta, and replace it with the same one in the form that delta.h gives to ASPAs. */
static enum rtr_error
apply(const struct vrpset *base, struct rtr_result *result)
{
	struct delta applied = DELTA_INIT;
	enum rtr_error error = check_against(base, result);

	if (error != RTR_NO_ERROR)
		return error;
	result->set = delta_apply(base, &result->delta, &result->err);
	if (!result->set)
		return RTR_INTERNAL_ERROR;
	if (delta_between(base, result->set, &applied) < 0)
		return no_memory(result);
	delta_release(&result->delta);
	result->delta = applied;
	return RTR_NO_ERROR;
}

static enum rtr_error
finish_serial(struct rtr_response *r, const struct vrpset *base, struct rtr_result *result)
{
	struct delta said = DELTA_INIT;
	enum rtr_error error = RTR_NO_ERROR;

	said.announced = vrpset_finish(r->announced, &result->err);
	said.withdrawn = vrpset_finish(r->withdrawn, &result->err);
	*r = (struct rtr_response)RTR_RESPONSE_INIT;
	if (!said.announced || !said.withdrawn) {
		error = RTR_INTERNAL_ERROR;
	} else if (vrpset_duplicates(said.announced)) {
		vrp_err_set(&result->err, "record announced twice in one response");
		error = RTR_DUPLICATE_ANNOUNCEMENT;
	} else if (vrpset_duplicates(said.withdrawn)) {
		vrp_err_set(&result->err, "record withdrawn twice in one response");
		error = RTR_WITHDRAWAL_OF_UNKNOWN;
	} else {
		result->delta.announced = net_of(said.announced, said.withdrawn, base, true);
		result->delta.withdrawn = net_of(said.withdrawn, said.announced, base, false);
		if (!result->delta.announced || !result->delta.withdrawn)
			error = no_memory(result);
		else if (base)
			error = apply(base, result);
	}
	delta_release(&said);
	return error;
}

static enum rtr_error
finish_reset(struct rtr_response *r, struct rtr_result *result)
{
	result->set = vrpset_finish(r->announced, &result->err);
	*r = (struct rtr_response)RTR_RESPONSE_INIT;
	if (!result->set)
		return RTR_INTERNAL_ERROR;
	if (vrpset_duplicates(result->set)) {
		vrp_err_set(&result->err, "%zu records announced twice in one response",
			    vrpset_duplicates(result->set));
		return RTR_DUPLICATE_ANNOUNCEMENT;
	}
	return RTR_NO_ERROR;
}

enum rtr_error
rtr_response_finish(struct rtr_response *r, const struct vrpset *base, struct rtr_result *result)
{
	*result = (struct rtr_result){0};
	return r->withdrawn ? finish_serial(r, base, result) : finish_reset(r, result);
}
