/* SPDX-License-Identifier: ISC */
#include "mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MNT_ID_UNIQUE 0x4000U	/* STATX_MNT_ID_UNIQUE of Linux 6.8 */
#define DEAD_MAX 16	/* file systems of killed programs, one over the other */

/* The type of what is mounted at an absolute path, what is on top of it all; false when nothing is. */
static bool
mounted_type(const char *path, char *type, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char line[8192];
	bool found = false;

	if (!mounts)
		return false;
	while (getmntent_r(mounts, &entry, line, sizeof(line)))
		if (strcmp(entry.mnt_dir, path) == 0) {
			snprintf(type, size, "%s", entry.mnt_type);
			found = true;
		}
	endmntent(mounts);
	return found;
}

/* The absolute path without symbolic links, of which the last part may be a dead file system that answers nothing. */
static char *
absolute(const char *path)
{
	char *whole = realpath(path, NULL), *copy, *name, *dir, *joined = NULL;

	if (whole || errno != ENOTCONN)
		return whole;
	copy = strdup(path);
	if (!copy)
		return NULL;
	for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	name = strrchr(copy, '/');
	if (name)
		*name++ = '\0';
	dir = realpath(!name ? "." : *copy ? copy : "/", NULL);
	if (dir && asprintf(&joined, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name ? name : copy) < 0)
		joined = NULL;
	free(dir);
	free(copy);
	return joined;
}

uint64_t
mountpoint_id(const char *path)
{
	static const unsigned wanted[] = {MNT_ID_UNIQUE, STATX_MNT_ID};
	struct statx st;

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, wanted[i], &st) == 0 &&
		    st.stx_mask & wanted[i])
			return st.stx_mnt_id;
	return 0;
}

static int
fusermount(const char *path)
{
	char *const argv[] = {"fusermount3", "-q", "-u", "-z", "--", (char *)path, NULL};
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int
mountpoint_detach(const char *path)
{
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return 0;
	return errno == EPERM ? fusermount(path) : -1;
}

/* 1 when it is dead and was unmounted, 0 when it is alive and well, -1 with a reason. */
static int
bury_dead(const char *path, bool nonempty, struct vrp_err *err)
{
	char type[64];
	bool mounted;
	size_t names = 0;
	DIR *dir;

	errno = 0;
	dir = opendir(path);
	if (!dir && errno != ENOTCONN)
		return vrp_err_set(err, "%s", strerror(errno));
	mounted = mounted_type(path, type, sizeof(type));
	if (!dir) {
		if (!mounted || strcmp(type, MOUNTPOINT_TYPE) != 0)
			return vrp_err_set(err, "a dead file system of another program is there (%s): unmount it first",
					   mounted ? type : "unknown");
		if (mountpoint_detach(path) < 0)
			return vrp_err_set(err, "cannot unmount the dead file system that is there: %s", strerror(errno));
		return 1;
	}
	while (names <= 2 && readdir(dir))
		names++;
	closedir(dir);
	if (mounted && strcmp(type, MOUNTPOINT_TYPE) == 0)
		return vrp_err_set(err, "another vrpfs is mounted there");
	if (mounted && !nonempty)
		return vrp_err_set(err, "something is mounted there (%s)", type);
	if (names > 2 && !nonempty)
		return vrp_err_set(err, "not empty; -o nonempty hides what is in it");
	return 0;
}

char *
mountpoint_prepare(const char *path, bool nonempty, bool *took_over, struct vrp_err *err)
{
	char *whole = absolute(path);
	int rc = 1;

	*took_over = false;
	if (!whole) {
		vrp_err_set(err, "%s", strerror(errno));
		return NULL;
	}
	for (int i = 0; rc == 1 && i < DEAD_MAX; i++) {
		rc = bury_dead(whole, nonempty, err);
		*took_over |= rc == 1;
	}
	if (rc == 1)
		vrp_err_set(err, "there are always more dead file systems");
	if (rc != 0) {
		free(whole);
		return NULL;
	}
	return whole;
}
