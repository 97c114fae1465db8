/* SPDX-License-Identifier: ISC */
/*
 * bench-fs: how many small files can be read a second?  Threads take paths from
 * a list, each its own part of it; open, read to the end, close.
 *
 * usage: bench-fs DIRECTORY THREADS ROUNDS <PATHS
 *
 * prints reads=N seconds=S rate=R cpu=C, the latter its own.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static char **paths;
static size_t path_count, thread_count, rounds;
static int directory;

static void
read_one(const char *path)
{
	char text[65536];
	int fd = openat(directory, path, O_RDONLY);
	ssize_t n;

	if (fd < 0) {
		perror(path);
		exit(2);
	}
	n = read(fd, text, sizeof(text));
	if (n <= 0) {
		fprintf(stderr, "%s: nothing to read\n", path);
		exit(2);
	}
	close(fd);
}

static void *
work(void *ctx)
{
	size_t first = (size_t)ctx;

	for (size_t round = 0; round < rounds; round++)
		for (size_t i = first; i < path_count; i += thread_count)
			read_one(paths[i]);
	return NULL;
}

static void
read_paths(void)
{
	size_t cap = 0, size = 0;
	char *line = NULL;

	while (getline(&line, &size, stdin) > 0) {
		if (path_count == cap) {
			cap = cap ? cap * 2 : 1024;
			paths = realloc(paths, cap * sizeof(*paths));
		}
		line[strcspn(line, "\n")] = '\0';
		paths[path_count++] = strdup(line);
	}
	free(line);
}

int
main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage ru;
	pthread_t *threads;
	double seconds;

	if (argc != 4 || (directory = open(argv[1], O_RDONLY | O_DIRECTORY)) < 0) {
		fprintf(stderr, "usage: bench-fs DIRECTORY THREADS ROUNDS <PATHS\n");
		return 2;
	}
	thread_count = strtoul(argv[2], NULL, 10);
	rounds = strtoul(argv[3], NULL, 10);
	read_paths();
	threads = calloc(thread_count, sizeof(*threads));
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (size_t i = 0; i < thread_count; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			return 2;
	for (size_t i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &to);
	getrusage(RUSAGE_SELF, &ru);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("reads=%zu seconds=%.3f rate=%.0f cpu=%.3f\n", path_count * rounds, seconds,
	       (double)(path_count * rounds) / seconds,
	       (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) + (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6);
	free(threads);
	return 0;
}
