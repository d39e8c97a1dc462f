/* SPDX-License-Identifier: MIT
 *
 * Reads the configuration from the environment, as tables of options describe
 * it. The value of an option NAME is NAME in the environment, the content of
 * the file that NAME_FILE names, or the default. An empty NAME_FILE names no
 * file.
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

/* Returns NULL, or what is wrong with the value, in static memory. */
typedef const char *conf_check_fn(const char *value);

/* An option and the one that replaces it must not both be given. If the other
 * one is given, a string without a default is NULL. */
struct conf_option {
	const char *name; /* PUSHLOG_… */
	enum conf_type type;
	size_t offset;        /* of the field in the program's struct */
	const char *value;    /* the default; NULL: required */
	const char *instead;  /* the option that replaces it, or NULL */
	int64_t min, max;     /* of a CONF_INT */
	bool secret;          /* never printed */
	conf_check_fn *check; /* of a CONF_STRING, may be NULL */
	const char *help;     /* whole sentences; a CONF_INT's range is added */
};

/* The row of an integer, which fills a field (int64_t) of struct owner. */
#define CONF_INT_OPTION(owner, env, field, def, low, high, text)               \
	{                                                                      \
		.name = env, .type = CONF_INT,                                 \
		.offset = offsetof(struct owner, field), .value = def,         \
		.min = low, .max = high, .help = text                          \
	}

/* A table and the struct that conf_load fills from it. */
struct conf_group {
	const struct conf_option *options;
	size_t count;
	void *into;
};

/* Fills group->into. 0; or -1, and *error has a string with its NUL for each
 * faulty option. The caller calls conf_release in both cases. */
int conf_load(const struct conf_group *group, struct buf *error) MUST_CHECK;

void conf_release(const struct conf_group *group);

/* Adds the options as an environment file: the help as a comment, then
 * NAME=value. The values of secrets are left out. */
void conf_print(const struct conf_group *group, struct buf *out);

/* Adds the source of an option's value, for error messages: its name, or
 * NAME_FILE and the path. */
void conf_add_source(struct buf *buf, const char *name);

/* To be called first in main: handles the arguments and loads the groups.
 * --help, --version and --print-config print and exit with 0. A wrong argument
 * or value is logged and exits with 1. Returns true if the program is to run,
 * and false for --check-config: main then makes its own checks and exits with
 * 0. about describes the program in a line. */
bool conf_start(int argc, char **argv, const char *program, const char *about,
		const struct conf_group *groups, size_t count);

#endif
