/* SPDX-License-Identifier: ISC */
#include "sig_keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "secret.h"

#define PUBLIC_MAX ((size_t)64 * 1024)

struct sig_key *
sig_keyfile_private(const char *path, struct vrp_err *err)
{
	struct secret pem = SECRET_INIT;
	struct sig_key *key;

	if (secret_read(&pem, path, SECRET_MAX, err) < 0)
		return NULL;
	key = sig_key_private(pem.data, pem.len, err);
	secret_release(&pem);
	return key;
}

/* All of a file of at most PUBLIC_MAX bytes. */
static int
read_all(int fd, char *data, size_t *len, struct vrp_err *err)
{
	ssize_t n;

	*len = 0;
	while ((n = read(fd, data + *len, PUBLIC_MAX + 1 - *len)) > 0 || (n < 0 && errno == EINTR))
		*len += n > 0 ? (size_t)n : 0;
	if (n < 0)
		return vrp_err_set(err, "%s", strerror(errno));
	return *len > PUBLIC_MAX ? vrp_err_set(err, "more than %zu bytes", PUBLIC_MAX) : 0;
}

int
sig_keyfile_trust(struct sig_keys *keys, const char *path, struct vrp_err *err)
{
	char *data = malloc(PUBLIC_MAX + 1);
	struct sig_key *key = NULL;
	size_t len;
	int fd;

	if (!data)
		return vrp_err_nomem(err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		vrp_err_set(err, "%s", strerror(errno));
	else if (read_all(fd, data, &len, err) == 0)
		key = sig_key_public(data, len, err);
	if (fd >= 0)
		close(fd);
	free(data);
	if (!key)
		return -1;
	return sig_keys_add(keys, key) < 0 ? vrp_err_nomem(err) : 0;
}
