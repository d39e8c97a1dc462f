/* SPDX-License-Identifier: MIT
 *
 * Reads /proc of Linux.
 */
#include "tests/bench/process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t ask_fn(long pid);

static uint64_t sum(const char *pids, ask_fn *ask)
{
	uint64_t all = 0;
	char *end;

	for (;; pids = end + 1) {
		long pid = strtol(pids, &end, 10);

		if (end != pids)
			all += ask(pid);
		if (*end != ',')
			return all;
	}
}

static uint64_t thread_cpu_ns(long pid, const char *thread)
{
	char path[320];
	uint64_t ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/task/%s/schedstat", pid,
		 thread);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%" SCNu64, &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

static uint64_t cpu_ns(long pid)
{
	const struct dirent *entry;
	uint64_t all = 0;
	char path[64];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	tasks = opendir(path);
	if (tasks == NULL)
		return 0;
	while ((entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			all += thread_cpu_ns(pid, entry->d_name);
	closedir(tasks);
	return all;
}

static uint64_t private_bytes(long pid)
{
	char path[64], line[256];
	uint64_t all = 0, kib;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Private_%*[^:]: %" SCNu64, &kib) == 1 &&
		    strncmp(line, "Private_Hugetlb", 15) != 0)
			all += kib * 1024;
	fclose(file);
	return all;
}

uint64_t process_cpu_ns(const char *pids)
{
	return sum(pids, cpu_ns);
}

uint64_t process_private_bytes(const char *pids)
{
	return sum(pids, private_bytes);
}
