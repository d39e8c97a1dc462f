/* SPDX-License-Identifier: MIT
 *
 * Configuration by environment, from one table a program: each option is NAME
 * in the environment, or a file that NAME_FILE names, or its default. An empty
 * NAME_FILE names no file.
 */
#ifndef COMMON_CONFIG_CONF_H
#define COMMON_CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

enum conf_type {
	CONF_STRING = 0, /* the field is a char *, owned by the conf struct */
	CONF_INT,        /* the field is an int64_t */
};

/* Says what is wrong with a value, static memory, or NULL. */
typedef const char *conf_check_fn(const char *value);

/* Of an option and the one that replaces it, only one may be given. Where the
 * other one is, a string without a default is NULL. */
struct conf_option {
	const char *name; /* PUSHLOG_… */
	enum conf_type type;
	size_t offset;        /* of the field in the program's struct */
	const char *value;    /* the default; NULL: it must be given */
	const char *instead;  /* the option that replaces it, or NULL */
	int64_t min, max;     /* of a CONF_INT */
	bool secret;          /* never printed */
	conf_check_fn *check; /* of a CONF_STRING, may be NULL */
	const char *help;     /* whole sentences; a CONF_INT's range is added */
};

/* A table and the struct that it fills. */
struct conf_group {
	const struct conf_option *options;
	size_t count;
	void *into;
};

/* Fills group->into. 0, or -1 and what is wrong in *error, a string for each
 * option, with its NUL; what was filled by then is released by conf_release in
 * both cases. */
int conf_load(const struct conf_group *group, struct buf *error) MUST_CHECK;

void conf_release(const struct conf_group *group);

/* Adds the group in the form of an environment file: a comment with the help,
 * then NAME=value. Secrets are left out. */
void conf_print(const struct conf_group *group, struct buf *out);

/* Adds where the value of an option comes from, for messages: its name, or that
 * of the file. */
void conf_add_source(struct buf *buf, const char *name);

/* What every main does first: --help, --version and --print-config answer and
 * exit with 0; an argument or a value that is wrong is said and exits with 1;
 * else the groups are loaded. False for --check-config: nothing is wrong so
 * far, and main exits with 0 when it has checked what only it can. about: one
 * line on what the program is. */
bool conf_start(int argc, char **argv, const char *program, const char *about,
		const struct conf_group *groups, size_t count);

#endif
