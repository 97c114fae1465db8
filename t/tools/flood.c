/* SPDX-License-Identifier: ISC */
/*
 * flood [-h] [-s SOURCES] ADDRESS PORT RATE SECONDS: so many connections a
 * second, each reset at once, or held with -h until the end; from 127.0.0.1 or,
 * with -s, from so many addresses of 127.0.0.0/8 in turn.  Prints how many it made
 * and how many of those that are held the other side has closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct flood {
	struct sockaddr_in to;
	unsigned sources;
	bool hold;
	int *held;
	size_t held_count, held_room;
	unsigned long made, failed;
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The address is bound without a port, which connect() then chooses. */
static void
bind_source(int fd, unsigned n)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010000U + n)};
	int on = 1;

	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	(void)bind(fd, (struct sockaddr *)&sin, sizeof(sin));
}

static void
strike(struct flood *f)
{
	struct linger reset = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		f->failed++;
		return;
	}
	if (f->sources)
		bind_source(fd, (unsigned)(f->made % f->sources));
	if (connect(fd, (struct sockaddr *)&f->to, sizeof(f->to)) < 0 && errno != EINPROGRESS) {
		f->failed++;
		close(fd);
		return;
	}
	f->made++;
	if (f->hold && f->held_count < f->held_room) {
		f->held[f->held_count++] = fd;
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static size_t
count_closed(const struct flood *f)
{
	size_t n = 0;
	char c;

	for (size_t i = 0; i < f->held_count; i++) {
		ssize_t got = recv(f->held[i], &c, 1, MSG_DONTWAIT);

		n += got == 0 || (got < 0 && errno != EAGAIN);
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct flood f = {.to = {.sin_family = AF_INET}};
	struct rlimit limit;
	double start, rate, seconds;
	int opt;

	while ((opt = getopt(argc, argv, "hs:")) != -1) {
		if (opt == 'h')
			f.hold = true;
		else if (opt == 's')
			f.sources = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 4 || inet_pton(AF_INET, argv[optind], &f.to.sin_addr) != 1)
		return 2;
	f.to.sin_port = htons((uint16_t)strtoul(argv[optind + 1], NULL, 10));
	rate = strtod(argv[optind + 2], NULL);
	seconds = strtod(argv[optind + 3], NULL);
	getrlimit(RLIMIT_NOFILE, &limit);
	f.held_room = limit.rlim_cur > 64 ? limit.rlim_cur - 64 : 0;
	f.held = calloc(f.held_room ? f.held_room : 1, sizeof(*f.held));
	if (!f.held)
		return 2;
	start = now();
	for (double t = 0; t < seconds; t = now() - start) {
		if ((double)(f.made + f.failed) < rate * t)
			strike(&f);
		else
			usleep(500);
	}
	printf("%lu made, %lu failed, %zu held, %zu of them closed\n", f.made, f.failed, f.held_count, count_closed(&f));
	free(f.held);
	return 0;
}
