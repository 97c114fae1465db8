/* SPDX-License-Identifier: ISC */
#include "mountpoint.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* A path of mountinfo up to its blank, in which some bytes are "\\ooo"; is it this one? */
static bool
is_path(const char *field, const char *path)
{
	for (; *field != ' ' && *field; path++) {
		unsigned byte = (unsigned char)*field;
		int len = 1;

		if (*field == '\\' && sscanf(field, "\\%3o", &byte) == 1)
			len = 4;
		if (byte != (unsigned char)*path)
			return false;
		field += len;
	}
	return *path == '\0';
}

/* proc_pid_mountinfo(5): "36 35 98:0 /root /path options ..." */
static bool
read_mountinfo(const char *line, const char *path, struct mount_id *id)
{
	struct mount_id found;
	int at = 0;

	if (sscanf(line, "%u %*u %u:%u %*s %n", &found.mount, &found.major, &found.minor, &at) != 3 || at == 0 ||
	    !is_path(line + at, path))
		return false;
	*id = found;
	return true;
}

int
mountpoint_id(const char *path, struct mount_id *id)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	int rc = -1;

	if (!mounts)
		return -1;
	while (getline(&line, &room, mounts) >= 0)
		if (read_mountinfo(line, path, id))
			rc = 0;
	free(line);
	fclose(mounts);
	return rc;
}

bool
mountpoint_has(const char *path, const struct mount_id *id)
{
	struct mount_id now;

	return mountpoint_id(path, &now) == 0 && now.mount == id->mount && now.major == id->major && now.minor == id->minor;
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
