/* SPDX-License-Identifier: ISC */
/*
 * Runs a fuzz target once over each file of the folders given, as libFuzzer
 * does with -runs=0, where a second library for libFuzzer isn't worth its
 * time.  It names each input first, for when a sanitizer ends the program, and
 * keeps it in memory of exactly its size.
 *
 * usage: replay_NAME FOLDER...
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run(const char *path)
{
	FILE *file = fopen(path, "r");
	struct stat st;
	uint8_t *data = NULL;
	int status = -1;

	if (file && !fstat(fileno(file), &st) && (data = malloc((size_t)st.st_size)) &&
	    fread(data, 1, (size_t)st.st_size, file) == (size_t)st.st_size) {
		fprintf(stderr, "%s\n", path);
		(void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
		status = 0;
	}
	free(data);
	if (file)
		(void)fclose(file);
	return status;
}

static int
run_folder(const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *entry;
	char path[4096];
	int status = dir ? 0 : -1;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", name, entry->d_name) >= sizeof(path) || run(path) < 0) {
			fprintf(stderr, "%s: can't be read\n", path);
			status = -1;
		}
	}
	if (dir)
		(void)closedir(dir);
	return status;
}

int
main(int argc, char **argv)
{
	int status = argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;

	/* A target may do without what is empty, but not break. */
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		if (run_folder(argv[i]) < 0)
			status = EXIT_FAILURE;
	return status;
}
