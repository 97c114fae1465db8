/* SPDX-License-Identifier: ISC */
#include "lifetime.h"

#include "stamp.h"

void
lifetime_release(struct lifetime *l)
{
	vrpset_unref(l->all);
	vrpset_unref(l->live);
	l->all = l->live = NULL;
	l->deadline = LIFETIME_NEVER;
}

bool
lifetime_too_old(const struct lifetime *l, int64_t date, int64_t now)
{
	return l->max_age && date != STAMP_UNKNOWN && now - date > (int64_t)l->max_age;
}

/* When the clock is set back, everything is looked at anew. */
static void
set_now(struct lifetime *l, int64_t now)
{
	if (now < l->now && l->all) {
		l->deadline = now;
		if (l->swept > now)
			l->swept = now;
	}
	l->now = now;
}

static void
set_deadline(struct lifetime *l)
{
	int64_t expiry;

	l->deadline = LIFETIME_NEVER;
	if (l->aged)
		return;
	if (l->max_age && l->date != STAMP_UNKNOWN)
		l->deadline = l->date + (int64_t)l->max_age + 1;
	if (l->ignore_expiry || vrpset_first_expiry(l->live) == EXPIRES_UNKNOWN)
		return;
	expiry = vrpset_first_expiry(l->live);
	if (expiry < l->swept + LIFETIME_SPACING)
		expiry = l->swept + LIFETIME_SPACING;
	if (expiry < l->deadline)
		l->deadline = expiry;
}

static int
look(struct lifetime *l)
{
	bool aged = lifetime_too_old(l, l->date, l->now);
	struct vrpset *live = aged ? vrpset_empty(vrpset_names(l->all)) :
			      l->ignore_expiry ? vrpset_ref(l->all) : vrpset_unexpired(l->all, l->now);

	if (!live) {
		l->deadline = l->now + 1;
		return -1;
	}
	vrpset_unref(l->live);
	l->live = live;
	l->aged = aged;
	set_deadline(l);
	return 0;
}

int
lifetime_take(struct lifetime *l, struct vrpset *set, int64_t date, int64_t now)
{
	struct vrpset *old = l->all;

	set_now(l, now);
	l->all = vrpset_ref(set);
	l->date = date;
	vrpset_unref(old);
	return look(l);
}

int
lifetime_tick(struct lifetime *l, int64_t now)
{
	size_t count;

	set_now(l, now);
	if (!l->all || now < l->deadline)
		return 0;
	count = l->live ? vrpset_count(l->live) : 0;
	if (look(l) < 0)
		return -1;
	if (!l->aged && vrpset_count(l->live) < count) {
		l->swept = now;
		set_deadline(l);
	}
	return 0;
}
