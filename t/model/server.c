/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model.h"

#define SHOWN 24	/* lines of the log that a failure shows */

static char shown[SHOWN][400];
static size_t lines;

void
server_show_log(const struct server *s, FILE *to)
{
	(void)s;
	for (size_t i = lines > SHOWN ? lines - SHOWN : 0; i < lines; i++)
		fprintf(to, "  %s\n", shown[i % SHOWN]);
}

/* ---- the log ---- */

/* A serial: it has to be the next of the history, with what the program knows of it. */
static void
take_commit(struct server *s, const char *at)
{
	unsigned serial;
	size_t records, changed, kept;
	const struct commit *c;

	if (sscanf(at, "serial %u: %zu records, %zu changed, %zu changes kept", &serial, &records, &changed, &kept) != 4)
		return;
	if (s->commits >= s->history->count)
		fail("serial %u was committed, and nothing that was fed explains it", serial);
	if (s->may_jump && serial - s->history->commits[s->commits].serial >= (uint32_t)1 << 28)
		history_jump(s->history, s->commits, serial);
	s->may_jump = false;
	c = &s->history->commits[s->commits++];
	if (serial != c->serial || records != c->count || changed != c->changed)
		fail("serial %u was committed with %zu records, %zu changed; serial %u with %zu, %zu was due", serial, records,
		     changed, c->serial, c->count, c->changed);
	if (s->commits == s->history->count && kept != history_changes(s->history))
		fail("%zu changes are kept at serial %u, it should be %zu", kept, serial, history_changes(s->history));
}

static void
take_restored(struct server *s, const char *at)
{
	unsigned serial;
	size_t records, changes;
	const char *rest = strstr(at, ", serial ");
	const struct commit *c;

	if (sscanf(at, "serving %zu records", &records) != 1 || !rest ||
	    sscanf(rest, ", serial %u, %zu changes kept", &serial, &changes) != 2)
		fail("the log says: %s", at);
	c = history_find(s->history, serial);
	if (!c || c->count != records)
		fail("serial %u with %zu records was restored, which was never committed", serial, records);
	if (serial_before(serial, s->history->told))
		fail("serial %u was restored, routers were told of %u", serial, s->history->told);
	s->restored = 1;
	s->commits = (size_t)(c - s->history->commits) + 1;
	s->on_restore(s->commits - 1, changes);
}

static void
take_line(struct server *s)
{
	const char *line = s->line, *at = strstr(line, "rtr-serve: ");

	snprintf(shown[lines++ % SHOWN], sizeof(shown[0]), "%.390s", line);
	at = at ? at + strlen("rtr-serve: ") : line;
	if (strncmp(at, "listening on 127.0.0.1:", 23) == 0)
		s->port = (uint16_t)atoi(at + 23);
	else if (strncmp(at, "listening on unix:", 18) == 0)
		s->local = true;
	else if (strncmp(at, "serving ", 8) == 0)
		take_restored(s, at);
	else if (strncmp(at, "serial ", 7) == 0)
		take_commit(s, at);
	else if (strstr(at, "is torn and left out"))
		s->may_jump = true;
	else if (strstr(at, "; block discarded"))
		s->discarded++;
	else if (strstr(at, "table held back: "))
		s->held_back++;
	else if (strstr(at, "table not served: "))
		s->too_old++;
	else if (strstr(at, "no table is held back"))
		s->none_held++;
	else if (strstr(at, " taken"))
		s->taken++;
}

static void
take_bytes(struct server *s, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n' && s->line_len < sizeof(s->line) - 1) {
			s->line[s->line_len++] = data[i];
			continue;
		}
		s->line[s->line_len] = 0;
		s->line_len = 0;
		take_line(s);
	}
}

/* It has closed its log: that must not be. */
static void
died(struct server *s)
{
	int status = 0;
	pid_t pid = s->pid;

	s->pid = 0;
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		fail("rtr-serve was killed by signal %d", WTERMSIG(status));
	fail("rtr-serve ended with status %d", WEXITSTATUS(status));
}

void
server_listen(struct server *s, int timeout)
{
	struct pollfd p = {.fd = s->log, .events = POLLIN};
	char data[16384];
	ssize_t n;

	while (poll(&p, 1, timeout) > 0) {
		n = read(s->log, data, sizeof(data));
		if (n > 0)
			take_bytes(s, data, (size_t)n);
		else if (n == 0)
			died(s);
		timeout = 0;
	}
}

void
server_await(struct server *s, const size_t *counter, size_t value, const char *what)
{
	int64_t end = now_ms() + patience();

	while (*counter < value) {
		if (now_ms() > end)
			fail("the log doesn't say: %s", what);
		server_listen(s, 200);
	}
}

void
server_await_commits(struct server *s)
{
	char what[64];

	snprintf(what, sizeof(what), "serial %u", s->history->count ? history_now(s->history)->serial : 0);
	server_await(s, &s->commits, s->history->count, what);
}

/* ---- the process ---- */

void
server_prepare(struct server *s)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s/clock", s->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*s->clock)) < 0)
		trouble("%s: %s", path, strerror(errno));
	s->clock = mmap(NULL, sizeof(*s->clock), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s->clock == MAP_FAILED)
		trouble("%s: %s", path, strerror(errno));
	close(fd);
	*s->clock = 1800000000;
}

/* It goes when we go.  A sanitizer's library wants to be the first one. */
static void
set_environment(const struct server *s)
{
	const char *options = getenv("ASAN_OPTIONS");
	char text[400];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(text, sizeof(text), "%s/clock", s->dir);
	setenv("MODEL_CLOCK", text, 1);
	setenv("LD_PRELOAD", s->clock_lib, 1);
	snprintf(text, sizeof(text), "%s%sverify_asan_link_order=0", options ? options : "", options ? ":" : "");
	setenv("ASAN_OPTIONS", text, 1);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_FDS");
	unsetenv("JOURNAL_STREAM");
}

static void
run(const struct server *s, const char *const *argv, int input, int log)
{
	const char *all[64] = {"rtr-serve", "-l", "127.0.0.1:0"};
	char local[100], file[100], state[100];
	size_t n = 3;

	snprintf(local, sizeof(local), "-lunix:%s/socket", s->dir);
	snprintf(file, sizeof(file), "%s/table", s->dir);
	all[n++] = local;
	snprintf(state, sizeof(state), "--state=%s/state", s->dir);
	if (s->history->on_disk)
		all[n++] = state;
	while (*argv && n < COUNT(all) - 2)
		all[n++] = *argv++;
	if (s->by_file)
		all[n++] = file;
	set_environment(s);
	dup2(input, STDIN_FILENO);
	dup2(log, STDERR_FILENO);
	execv(s->program, (char *const *)all);
	fprintf(stderr, "%s: %s\n", s->program, strerror(errno));
	_exit(2);
}

void
server_start(struct server *s, const char *const *argv)
{
	int input[2], log[2];
	int64_t end = now_ms() + patience();

	if (pipe2(input, O_CLOEXEC) < 0 || pipe2(log, O_CLOEXEC) < 0)
		trouble("pipe: %s", strerror(errno));
	s->port = 0;
	s->local = false;
	s->line_len = 0;
	s->restored = s->commits = s->taken = s->discarded = s->held_back = s->too_old = s->none_held = 0;
	s->pid = fork();
	if (s->pid < 0)
		trouble("fork: %s", strerror(errno));
	if (s->pid == 0)
		run(s, argv, input[0], log[1]);
	close(input[0]);
	close(log[1]);
	s->input = input[1];
	s->log = log[0];
	if (s->by_file)
		server_end_input(s);
	else
		fcntl(s->input, F_SETFL, O_NONBLOCK);
	while (!s->port || !s->local) {
		if (now_ms() > end)
			fail("rtr-serve doesn't listen");
		server_listen(s, 200);
	}
	if (s->history->count)
		server_await(s, &s->restored, 1, "what it goes on from");
}

void
server_kill(struct server *s, bool hard)
{
	char data[16384];
	int status = 0;
	ssize_t n;

	if (!s->pid)
		return;
	kill(s->pid, hard ? SIGKILL : SIGTERM);
	while ((n = read(s->log, data, sizeof(data))) > 0)
		take_bytes(s, data, (size_t)n);
	waitpid(s->pid, &status, 0);
	s->pid = 0;
	close(s->log);
	server_end_input(s);
	if (!hard && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		fail("rtr-serve ended with wait status %#x after SIGTERM", status);
}

void
server_signal(struct server *s, int sig)
{
	kill(s->pid, sig);
}

/* ---- its input ---- */

void
server_write(struct server *s, const char *data, size_t len)
{
	int64_t end = now_ms() + patience();

	while (len) {
		struct pollfd p = {.fd = s->input, .events = POLLOUT};
		ssize_t n = write(s->input, data, len);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN)
			fail("writing to rtr-serve: %s", strerror(errno));
		if (now_ms() > end)
			fail("rtr-serve doesn't read its input");
		server_listen(s, 0);
		poll(&p, 1, 10);
	}
}

void
server_end_input(struct server *s)
{
	if (s->input >= 0)
		close(s->input);
	s->input = -1;
}

void
server_replace_file(struct server *s, const char *data, size_t len)
{
	char path[100], new[100];
	FILE *f;

	snprintf(path, sizeof(path), "%s/table", s->dir);
	snprintf(new, sizeof(new), "%s/table.new", s->dir);
	f = fopen(new, "w");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f) != 0 || rename(new, path) < 0)
		trouble("%s: %s", path, strerror(errno));
}
