/* SPDX-License-Identifier: ISC */
/* load-jansson: load a JSON document as jansson does and count its ROAs, to compare vrp-fetch with. */
#include <stdio.h>

#include <jansson.h>

int
main(int argc, char **argv)
{
	json_error_t err;
	json_t *doc;

	if (argc != 2) {
		fputs("usage: load-jansson FILE\n", stderr);
		return 2;
	}
	if (!(doc = json_load_file(argv[1], 0, &err))) {
		fprintf(stderr, "load-jansson: %s:%d:%d: %s\n", argv[1], err.line, err.column, err.text);
		return 2;
	}
	printf("%zu\n", json_array_size(json_object_get(doc, "roas")));
	json_decref(doc);
	return 0;
}
