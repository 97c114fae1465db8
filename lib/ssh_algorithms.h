/* SPDX-License-Identifier: ISC */
/*
 * What both sides of SSH agree to, in order of preference.  No SHA-1, no CBC, no DSA, no
 * group that needs a file of moduli.  AES-GCM comes first, as processors have
 * instructions for it.
 */
#ifndef VRP_SSH_ALGORITHMS_H
#define VRP_SSH_ALGORITHMS_H

#define SSH_KEX                                                                                                        \
	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"     \
	"diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"
#define SSH_CIPHERS                                                                                                    \
	"aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr"
#define SSH_MACS "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512"
#define SSH_KEY_ALGORITHMS                                                                                             \
	"ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256"
#define SSH_RSA_BITS_MIN 2048

#define SSH_SUBSYSTEM "rpki-rtr"	/* RFC 8210 section 9.1 */

#endif
