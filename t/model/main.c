/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

#define PATIENCE 30000	/* machines are busy */
#define IMPATIENCE 2000	/* while a run that fails for want of something is made shorter */
#define SHRINK_MS 60000	/* which takes so long at most */

static uint64_t state;
static int64_t patience_ms = PATIENCE;
static bool as_is;

/* ---- chance: splitmix64 ---- */

static uint64_t
next(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void
chance_begin(uint64_t seed, uint64_t step)
{
	state = seed;
	state = next() ^ step;
	state = next();
}

uint32_t
chance(uint32_t n)
{
	return n ? (uint32_t)((next() >> 32) * n >> 32) : 0;
}

bool
one_in(uint32_t n)
{
	return chance(n) == 0;
}

int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
patience(void)
{
	return patience_ms;
}

/* ---- the end of a run, which is a process of its own ---- */

static __attribute__((noreturn)) void
end_run(int status)
{
	fflush(stdout);
	walk_clean_up();
	_exit(status);
}

void
fail(const char *fmt, ...)
{
	va_list ap;

	walk_show(stdout);
	fputs("\nFAILED: ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	end_run(1);
}

void
trouble(const char *fmt, ...)
{
	va_list ap;

	fputs("rtr-model: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	end_run(2);
}

/* One run; what it says goes to a file.  Its exit status. */
static int
run(const struct walk_config *config, FILE *to)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (to) {
			rewind(to);
			if (ftruncate(fileno(to), 0) < 0 || dup2(fileno(to), STDOUT_FILENO) < 0)
				_exit(2);
		}
		walk(config);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("rtr-model: fork");
		exit(2);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* What a run said; or of that only why it failed. */
static void
show(FILE *from, bool all)
{
	char line[16384];

	rewind(from);
	while (fgets(line, sizeof(line), from))
		if (all || strncmp(line, "FAILED", 6) == 0)
			fputs(line, stdout);
}

/* ---- shorter runs that fail, too ---- */

/* Leave steps out, half of them at first, as long as the rest fails. */
static void
shrink(struct walk_config *config, bool *left_out, FILE *out)
{
	int64_t end = now_ms() + SHRINK_MS;

	config->left_out = left_out;
	patience_ms = IMPATIENCE;
	for (size_t size = (config->steps + 1) / 2; size; size = size == 1 ? 0 : (size + 1) / 2) {
		for (size_t from = 1; from <= config->steps && now_ms() < end; from += size) {
			bool before[size];
			bool any = false;

			for (size_t i = 0; i < size && from + i <= config->steps; i++) {
				before[i] = left_out[from + i];
				any |= !before[i];
				left_out[from + i] = true;
			}
			if (!any || run(config, out) == 1)
				continue;
			for (size_t i = 0; i < size && from + i <= config->steps; i++)
				left_out[from + i] = before[i];
		}
	}
}

static void
show_command(const struct walk_config *config)
{
	const char *comma = "";

	printf("\nto repeat it: rtr-model --seed %" PRIu64 " --steps %zu --only ", config->seed, config->steps);
	for (size_t i = 1; i <= config->steps; i++) {
		if (config->left_out[i])
			continue;
		printf("%s%zu", comma, i);
		comma = ",";
	}
	putchar('\n');
}

/* The number of the step that failed is the last that was begun. */
static size_t
last_step(FILE *out)
{
	char line[16384], *end;
	size_t last = 1;

	rewind(out);
	while (fgets(line, sizeof(line), out)) {
		size_t n = line[0] == ' ' ? 0 : strtoul(line, &end, 10);

		if (n && *end == ':')
			last = n;
	}
	return last;
}

static FILE *
open_output(void)
{
	FILE *f = tmpfile();

	if (f)
		setvbuf(f, NULL, _IONBF, 0);	/* others write to it */
	return f;
}

static void
report(struct walk_config *config, FILE *out)
{
	bool *left_out = calloc(config->steps + 2, sizeof(*left_out));
	FILE *again = open_output();

	show(out, config->left_out);
	if (left_out && again && !config->left_out && !as_is) {
		config->steps = last_step(out);
		fputs("leaving out steps ...\n", stdout);
		shrink(config, left_out, again);
		if (run(config, again) == 1) {
			show(again, true);
		} else {
			show(out, true);
			fputs("\nit doesn't fail every time\n", stdout);
		}
		show_command(config);
	}
	if (again)
		fclose(again);
	free(left_out);
}

/* ---- options ---- */

static const char *
beside_us(const char *name)
{
	static char paths[2][PATH_MAX];
	static size_t used;
	char *path = paths[used++ % 2];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(paths[0]) - 1);

	path[n < 0 ? 0 : n] = 0;
	snprintf(strrchr(path, '/') ? strrchr(path, '/') + 1 : path, 100, "%s", name);
	return path;
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text ? text : "", &end, 10);

	if (!text || end == text || *end) {
		fprintf(stderr, "rtr-model: '%s' is not a number\n", text ? text : "");
		exit(2);
	}
	return n;
}

/* Everything is left out but the steps of a list. */
static bool *
only(const char *list, size_t steps)
{
	bool *left_out = malloc((steps + 2) * sizeof(*left_out));

	if (!left_out)
		exit(2);
	memset(left_out, true, steps + 2);
	for (const char *p = list; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : "") {
		size_t i = strtoul(p, NULL, 10);

		if (i <= steps)
			left_out[i] = false;
	}
	return left_out;
}

static void
parse(int argc, char **argv, struct walk_config *config, const char **list)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--seed") == 0)
			config->seed = number(argv[++i]);
		else if (strcmp(argv[i], "--steps") == 0)
			config->steps = number(argv[++i]);
		else if (strcmp(argv[i], "--only") == 0)
			*list = argv[++i];
		else if (strcmp(argv[i], "--server") == 0)
			config->program = argv[++i];
		else if (strcmp(argv[i], "--as-is") == 0)
			as_is = true;
		else if (strcmp(argv[i], "-v") == 0)
			config->verbose = true;
		else {
			fprintf(stderr, "usage: rtr-model [-v] [--server PATH] [--seed N] [--steps N] [--only N,N... | --as-is]\n");
			exit(2);
		}
	}
}

int
main(int argc, char **argv)
{
	struct walk_config config = {.steps = 200, .program = beside_us("../bin/rtr-serve"), .clock_lib = beside_us("clock.so")};
	const char *list = NULL;
	bool *left_out = NULL;
	FILE *out;
	int status;

	if (getrandom(&config.seed, sizeof(config.seed), 0) < 0)
		return 2;
	parse(argc, argv, &config, &list);
	if (list)
		config.left_out = left_out = only(list, config.steps);
	signal(SIGPIPE, SIG_IGN);
	universe_make();
	printf("seed %" PRIu64 ", %zu steps\n", config.seed, config.steps);
	out = config.verbose ? NULL : open_output();
	status = run(&config, out);
	if (status == 1 && out)
		report(&config, out);
	if (out)
		fclose(out);
	free(left_out);
	return status;
}
