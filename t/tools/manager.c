/* SPDX-License-Identifier: ISC */
/*
 * manager [-s NAME]... [-n FILE] -- PROGRAM ARG...: what a service manager does
 * for a daemon.  Each -s passes a socket of that name that listens: at passed.sock
 * for "unix:", which gets a name that says nothing, or on a free port of
 * 127.0.0.1.  -n listens at FILE and prints what it is told as "manager: ..." on
 * standard error, with blanks for newlines.  The daemon is the process that
 * was started; the manager is its child and ends with it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 3		/* where daemons expect sockets */
#define ASIDE 100	/* where they are until all are there */

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

static int
make_socket(int local)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un sun = {.sun_family = AF_UNIX, .sun_path = "passed.sock"};
	struct sockaddr *sa = local ? (struct sockaddr *)&sun : (struct sockaddr *)&sin;
	int fd = socket(sa->sa_family, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, sa, local ? sizeof(sun) : sizeof(sin)) < 0 || listen(fd, 10) < 0)
		die("manager: socket");
	return fd;
}

/* Until the daemon has ended, and what it said last. */
static void
print_news(int fd, pid_t daemon)
{
	struct timeval patience = {.tv_usec = 200000};
	char text[2048];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (;;) {
		n = recv(fd, text, sizeof(text) - 1, 0);
		if (n < 0 && (errno != EAGAIN || getppid() != daemon))
			_exit(0);
		text[n > 0 ? n : 0] = '\0';
		for (char *p = text; *p; p++)
			if (*p == '\n')
				*p = ' ';
		if (text[0])
			fprintf(stderr, "manager: %s\n", text);
	}
}

static void
listen_at(const char *file)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	pid_t daemon = getpid();
	char *dir = realpath(".", NULL);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!dir || snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", dir, file) >= (int)sizeof(sun.sun_path))
		die("manager: path");
	free(dir);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die("manager: socket");
	if (fork() == 0)
		print_news(fd, daemon);
	close(fd);
	setenv("NOTIFY_SOCKET", sun.sun_path, 1);
	setenv("WATCHDOG_USEC", "1000000", 1);
}

static void
pass_sockets(int count, const char *names)
{
	char number[24];

	for (int i = 0; i < count; i++) {
		dup2(ASIDE + i, FIRST + i);
		close(ASIDE + i);
	}
	snprintf(number, sizeof(number), "%d", count);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	snprintf(number, sizeof(number), "%ld", (long)getpid());
	setenv("LISTEN_PID", number, 1);
}

int
main(int argc, char **argv)
{
	char names[1024] = "";
	int opt, count = 0;

	while ((opt = getopt(argc, argv, "+s:n:")) != -1) {
		if (opt == 's') {
			int local = strcmp(optarg, "unix:") == 0, fd = make_socket(local);
			size_t len = strlen(names);

			dup2(fd, ASIDE + count);
			close(fd);
			snprintf(names + len, sizeof(names) - len, "%s%s", count++ ? ":" : "", local ? "rtr.socket" : optarg);
		} else if (opt == 'n') {
			listen_at(optarg);
		} else {
			return 2;
		}
	}
	if (count)
		pass_sockets(count, names);
	execvp(argv[optind], argv + optind);
	die(argv[optind]);
}
