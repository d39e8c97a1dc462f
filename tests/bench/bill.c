/* SPDX-License-Identifier: MIT
 *
 * Finds children in /proc. A process that started and ended between the two
 * moments is not counted.
 */
#include "tests/bench/bill.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "tests/bench/process.h"

struct family {
	int pids[BILL_MAX];
	size_t count;
};

static bool has(const struct family *family, int pid)
{
	size_t i;

	for (i = 0; i < family->count; i++)
		if (family->pids[i] == pid)
			return true;
	return false;
}

static bool add(struct family *family, int pid)
{
	if (pid <= 0 || has(family, pid))
		return false;
	if (family->count == BILL_MAX)
		fatalx("more than %d processes of a server", BILL_MAX);
	family->pids[family->count++] = pid;
	return true;
}

static int parent_of(const char *pid)
{
	char path[300], line[512], *end;
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	/* the name may contain blanks and parentheses */
	if (fgets(line, sizeof(line), file) != NULL &&
	    (end = strrchr(line, ')')) != NULL)
		parent = (int)strtol(end + 4, NULL, 10);
	fclose(file);
	return parent;
}

static bool add_children(struct family *family)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool has_more = false;

	if (proc == NULL)
		fatal("cannot look at processes");
	while ((entry = readdir(proc)) != NULL)
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    has(family, parent_of(entry->d_name)))
			has_more |= add(family,
					(int)strtol(entry->d_name, NULL, 10));
	closedir(proc);
	return has_more;
}

static void gather(struct family *family, const char *pids)
{
	char *end;

	family->count = 0;
	for (; *pids != '\0'; pids = *end == ',' ? end + 1 : end) {
		add(family, (int)strtol(pids, &end, 10));
		if (end == pids)
			fatalx("'%s' is no pid", pids);
	}
	while (add_children(family))
		;
}

static uint64_t used_ns(int pid)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", pid);
	return process_cpu_ns(name);
}

void bill_begin(struct bill *bill, const char *pids)
{
	struct family family;

	bill->pids = pids;
	gather(&family, pids);
	for (bill->count = 0; bill->count < family.count; bill->count++) {
		int pid = family.pids[bill->count];

		bill->before[bill->count].pid = pid;
		bill->before[bill->count].ns = used_ns(pid);
	}
}

uint64_t bill_end_ns(const struct bill *bill)
{
	struct family family;
	uint64_t all = 0;
	size_t i, j;

	gather(&family, bill->pids);
	for (i = 0; i < family.count; i++) {
		uint64_t ns = used_ns(family.pids[i]);

		for (j = 0; j < bill->count; j++)
			if (bill->before[j].pid == family.pids[i] &&
			    bill->before[j].ns <= ns)
				ns -= bill->before[j].ns;
		all += ns;
	}
	return all;
}
