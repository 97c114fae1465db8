/* SPDX-License-Identifier: ISC */
#include "privdrop.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/capability.h>
#include <sys/syscall.h>
#endif

#include "num.h"

static int
find_group(gid_t *gid, const char *name, struct vrp_err *err)
{
	const struct group *group = getgrnam(name);
	uint32_t number;

	if (group)
		*gid = group->gr_gid;
	else if (num_u32(name, strlen(name), &number) && number != (gid_t)-1)
		*gid = number;
	else
		return vrp_err_set(err, "no group '%s'", name);
	return 0;
}

/* *user is NULL where no user has the number. */
static int
find_user(uid_t *uid, const struct passwd **user, const char *name, struct vrp_err *err)
{
	uint32_t number;

	*user = getpwnam(name);
	if (!*user && num_u32(name, strlen(name), &number) && number != (uid_t)-1) {
		*uid = number;
		*user = getpwuid(number);
	} else if (*user) {
		*uid = (*user)->pw_uid;
	} else {
		return vrp_err_set(err, "no user '%s'", name);
	}
	return 0;
}

static int
only_group(struct privdrop *out, const char *name, struct vrp_err *err)
{
	if (find_group(&out->gid, name, err) < 0)
		return -1;
	out->groups[0] = out->gid;
	out->group_count = 1;
	return 0;
}

static int
all_groups(struct privdrop *out, const struct passwd *user, struct vrp_err *err)
{
	out->gid = user->pw_gid;
	out->group_count = PRIVDROP_GROUPS_MAX;
	if (getgrouplist(user->pw_name, user->pw_gid, out->groups, &out->group_count) < 0)
		return vrp_err_set(err, "user '%s' is in more than %d groups", user->pw_name, PRIVDROP_GROUPS_MAX);
	return 0;
}

static int
parse(struct privdrop *out, const char *name, const char *group, struct vrp_err *err)
{
	const struct passwd *user;

	if (find_user(&out->uid, &user, name, err) < 0)
		return -1;
	if (out->uid == 0)
		return vrp_err_set(err, "user '%s' is root", name);
	if (group)
		return only_group(out, group, err);
	if (user)
		return all_groups(out, user, err);
	return vrp_err_set(err, "user %s is in no group: name one, %s:GROUP", name, name);
}

int
privdrop_parse(struct privdrop *out, const char *text, struct vrp_err *err)
{
	const char *colon = strchr(text, ':');
	char *name = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
	int rc;

	*out = (struct privdrop){0};
	if (!name)
		return vrp_err_nomem(err);
	rc = parse(out, name, colon ? colon + 1 : NULL, err);
	free(name);
	return rc;
}

static bool
has(const gid_t *groups, int count, gid_t gid)
{
	while (count > 0 && groups[count - 1] != gid)
		count--;
	return count > 0;
}

/* Every group that we have is one that was asked for. */
static bool
groups_within(const struct privdrop *who)
{
	gid_t groups[PRIVDROP_GROUPS_MAX];
	int count = getgroups(PRIVDROP_GROUPS_MAX, groups);

	for (int i = 0; i < count; i++)
		if (!has(who->groups, who->group_count, groups[i]))
			return false;
	return count >= 0;
}

static bool
ids_are(const struct privdrop *who)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uid[i] != who->uid || gid[i] != who->gid)
			return false;
	return groups_within(who);
}

/* Capabilities outlive a change of IDs where a parent has asked the kernel for that. */
static bool
has_capabilities(void)
{
#ifdef __linux__
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &head, data) < 0)
		return true;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (data[i].effective || data[i].permitted)
			return true;
#endif
	return false;
}

static bool
can_return(void)
{
	return setuid(0) == 0 || seteuid(0) == 0 || setreuid((uid_t)-1, 0) == 0 || has_capabilities();
}

static int
fail(struct vrp_err *err, const char *what)
{
	return vrp_err_set(err, "cannot %s: %s", what, strerror(errno));
}

int
privdrop_enter(const struct privdrop *who, const char *root, struct vrp_err *err)
{
	if (root && (chroot(root) < 0 || chdir("/") < 0))
		return vrp_err_set(err, "cannot make '%s' the root directory: %s", root, strerror(errno));
	if (geteuid() != 0 && ids_are(who))
		return 0;
	if (setgroups((size_t)who->group_count, who->groups) < 0)
		return fail(err, "change groups");
	if (setresgid(who->gid, who->gid, who->gid) < 0)
		return fail(err, "change the group");
	if (setresuid(who->uid, who->uid, who->uid) < 0)
		return fail(err, "change the user");
	if (!ids_are(who) || can_return())
		return vrp_err_set(err, "privileges were not given up");
	return 0;
}
