/* SPDX-License-Identifier: MIT
 *
 * Feeds a fuzz target each file of the folders that are named, byte for byte
 * in a block of exactly the file's length, and says so in TAP.
 */
#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static bool replay_file(const char *path, size_t size)
{
	uint8_t *data = malloc(size > 0 ? size : 1);
	FILE *file = fopen(path, "rb");
	bool is_read = data != NULL && file != NULL &&
		       fread(data, 1, size, file) == size;

	/* in case it does not come back */
	printf("# %s\n", path);
	fflush(stdout);
	if (is_read)
		LLVMFuzzerTestOneInput(data, size);
	if (file != NULL)
		fclose(file);
	free(data);
	return is_read;
}

static int replay_folder(const char *folder)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);
	int files = 0;

	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		char path[4096];
		struct stat status;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (stat(path, &status) == -1 || !S_ISREG(status.st_mode))
			continue;
		if (!replay_file(path, (size_t)status.st_size))
			files = -1;
		if (files == -1)
			break;
		files++;
	}
	closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	int i, bad = 0;

	/* the shortest input there is */
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (i = 1; i < argc; i++) {
		int files = replay_folder(argv[i]);
		bool is_good = files > 0;

		printf("%s %d - corpus %s: %d files\n",
		       is_good ? "ok" : "not ok", i, argv[i], files);
		bad += !is_good;
	}
	printf("1..%d\n", argc - 1);
	return bad > 0;
}
