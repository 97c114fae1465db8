/* SPDX-License-Identifier: ISC */
#include "ssh_identity.h"

#include <libssh/libssh.h>
#include <stdbool.h>

#include "secret.h"

/* The beginning of OpenSSH's format in base64, up to the length of the cipher's name; and that name when it is "none". */
#define OPENSSH_MAGIC "b3BlbnNzaC1rZXktdjEAAAAA"
#define OPENSSH_PLAIN "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"

static bool
is_encrypted(const char *text)
{
	return strstr(text, "ENCRYPTED") || (strstr(text, OPENSSH_MAGIC) && !strstr(text, OPENSSH_PLAIN));
}

struct ssh_key_struct *
ssh_identity_read(const char *path, struct vrp_err *err)
{
	struct secret text = SECRET_INIT;
	ssh_key key = NULL;

	if (secret_read(&text, path, SECRET_MAX, err) < 0)
		return NULL;
	if (is_encrypted(text.data))
		vrp_err_set(err, "the key has a passphrase, and nobody can be asked for it; ssh-keygen -p takes it off");
	else if (ssh_pki_import_privkey_base64(text.data, NULL, NULL, NULL, &key) != SSH_OK)
		vrp_err_set(err, "no private key of SSH in it");
	secret_release(&text);
	return key;
}

void
ssh_fingerprint(struct ssh_key_struct *key, char text[SSH_FINGERPRINT_MAX])
{
	unsigned char *hash = NULL;
	char *print = NULL;
	size_t len;

	if (key && ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0)
		print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
	snprintf(text, SSH_FINGERPRINT_MAX, "%s", print ? print : "?");
	ssh_string_free_char(print);
	if (hash)
		ssh_clean_pubkey_hash(&hash);
}
