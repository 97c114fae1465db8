/* SPDX-License-Identifier: ISC */
/*
 * Print a TCP port of 127.0.0.1 that is free now, for programs under test
 * that cannot be told to pick one and say which.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

int
main(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, len) != 0 || getsockname(fd, (struct sockaddr *)&sin, &len) != 0) {
		perror("free-port");
		return 1;
	}
	printf("%u\n", ntohs(sin.sin_port));
	return 0;
}
