/* SPDX-License-Identifier: MIT
 *
 * Walks the tables of options. It knows no option by name.
 */
#include "common/config/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/version.h"

/* Longest value in a file. */
#define FILE_MAX_BYTES 65536
/* The longest NAME_FILE. */
#define NAME_MAX_BYTES 128
/* Of the texts that --help and --print-config print. */
#define LINE_WIDTH 78

static char **string_option(const struct conf_group *group, size_t i)
{
	return (char **)(void *)((char *)group->into +
				 group->options[i].offset);
}

static int64_t *int_option(const struct conf_group *group, size_t i)
{
	return (int64_t *)(void *)((char *)group->into +
				   group->options[i].offset);
}

/* The content of the file without line breaks at its end, which the caller
 * frees; or NULL and the reason in *error. */
static char *read_file(const char *name, const char *path, struct buf *error)
{
	char *content = xmalloc(FILE_MAX_BYTES + 1);
	FILE *file = fopen(path, "re");
	size_t len;

	if (file == NULL) {
		buf_addf(error, "%s_FILE: cannot open '%s': %s", name, path,
			 strerror(errno));
		goto fail;
	}
	len = fread(content, 1, FILE_MAX_BYTES + 1, file);
	if (ferror(file)) {
		buf_addf(error, "%s_FILE: cannot read '%s': %s", name, path,
			 strerror(errno));
		fclose(file);
		goto fail;
	}
	fclose(file);
	if (len > FILE_MAX_BYTES || memchr(content, '\0', len) != NULL) {
		buf_addf(error,
			 "%s_FILE: '%s' is not a text of at most %d bytes",
			 name, path, FILE_MAX_BYTES);
		goto fail;
	}
	while (len > 0 &&
	       (content[len - 1] == '\n' || content[len - 1] == '\r'))
		len--;
	content[len] = '\0';
	return content;
fail:
	free(content);
	return NULL;
}

/* The path in NAME_FILE, or NULL. An empty one counts as not given, so that a
 * later part of an environment can take back what an earlier part gives. */
static const char *find_file_path(const char *name)
{
	char file_name[NAME_MAX_BYTES];
	const char *path;

	snprintf(file_name, sizeof(file_name), "%s_FILE", name);
	path = getenv(file_name);
	return path != NULL && path[0] != '\0' ? path : NULL;
}

static bool is_given(const char *name)
{
	const char *value = getenv(name);

	return (value != NULL && value[0] != '\0') ||
	       find_file_path(name) != NULL;
}

/* Finds the value of an option, or its default. The caller frees *value, which
 * is NULL if the option that replaces this one is given. */
static int find_option_value(const struct conf_option *option, char **value,
			     struct buf *error)
{
	const char *given = getenv(option->name);
	const char *path = find_file_path(option->name);
	bool is_replaced = option->instead != NULL && is_given(option->instead);

	*value = NULL;
	if (given != NULL && path != NULL) {
		buf_addf(error, "%s and %s_FILE are both set", option->name,
			 option->name);
		return -1;
	}
	if (is_replaced && is_given(option->name)) {
		buf_addf(error, "%s and %s are both set", option->name,
			 option->instead);
		return -1;
	}
	if (path != NULL)
		*value = read_file(option->name, path, error);
	else if (given != NULL && !is_replaced)
		*value = xstrdup(given);
	else if (option->value != NULL)
		*value = xstrdup(option->value);
	else if (!is_replaced)
		buf_addf(error, "%s is not set", option->name);
	return *value != NULL || is_replaced ? 0 : -1;
}

static int load_int(const struct conf_group *group, size_t i, const char *value,
		    struct buf *error)
{
	const struct conf_option *option = &group->options[i];

	if (text_parse_range(value, option->min, option->max,
			     int_option(group, i)) == 0)
		return 0;
	buf_addf(error, "%s: '%s' is not a whole number from %lld to %lld",
		 option->name, value, (long long)option->min,
		 (long long)option->max);
	return -1;
}

static int load_string(const struct conf_group *group, size_t i, char *value,
		       struct buf *error)
{
	const struct conf_option *option = &group->options[i];
	const char *why = option->check ? option->check(value) : NULL;

	*string_option(group, i) = value;
	if (why == NULL)
		return 0;
	if (option->secret)
		buf_addf(error, "%s: %s", option->name, why);
	else
		buf_addf(error, "%s: '%s' %s", option->name, value, why);
	return -1;
}

static int load_option(const struct conf_group *group, size_t i,
		       struct buf *error)
{
	char *value;
	int result;

	if (find_option_value(&group->options[i], &value, error) == -1)
		return -1;
	if (value == NULL)
		return 0;
	if (group->options[i].type == CONF_STRING)
		return load_string(group, i, value, error);
	result = load_int(group, i, value, error);
	free(value);
	return result;
}

int conf_load(const struct conf_group *group, struct buf *error)
{
	int result = 0;
	size_t i;

	for (i = 0; i < group->count; i++)
		if (group->options[i].type == CONF_STRING)
			*string_option(group, i) = NULL;

	for (i = 0; i < group->count; i++) {
		if (load_option(group, i, error) == 0)
			continue;
		buf_add_char(error, '\0');
		result = -1;
	}
	return result;
}

void conf_release(const struct conf_group *group)
{
	size_t i;

	for (i = 0; i < group->count; i++) {
		if (group->options[i].type != CONF_STRING)
			continue;
		free(*string_option(group, i));
		*string_option(group, i) = NULL;
	}
}

/* Adds text in lines that begin with indent and break between words. */
static void add_wrapped(struct buf *out, const char *text, const char *indent)
{
	size_t room = LINE_WIDTH - strlen(indent), used = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (used == 0 || used + 1 + len > room) {
			buf_addf(out, "%s%s", used == 0 ? "" : "\n", indent);
			used = 0;
		} else {
			buf_add_char(out, ' ');
			used++;
		}
		buf_add(out, text, len);
		used += len;
		text += len + strspn(text + len, " ");
	}
	buf_add_char(out, '\n');
}

/* Adds the help of an option and the range of its values. */
static void add_option_text(struct buf *out, const struct conf_option *option,
			    const char *indent)
{
	struct buf text = BUF_INIT;

	buf_add_str(&text, option->help);
	if (option->type == CONF_INT)
		buf_addf(&text, " From %lld to %lld.", (long long)option->min,
			 (long long)option->max);
	buf_add_char(&text, '\0');
	add_wrapped(out, text.data, indent);
	buf_release(&text);
}

void conf_print(const struct conf_group *group, struct buf *out)
{
	size_t i;

	for (i = 0; i < group->count; i++) {
		const struct conf_option *option = &group->options[i];

		if (option->type == CONF_STRING &&
		    *string_option(group, i) == NULL)
			continue;
		add_option_text(out, option, "# ");
		if (option->secret)
			buf_addf(out, "# %s is a secret\n", option->name);
		else if (option->type == CONF_STRING)
			buf_addf(out, "%s=%s\n", option->name,
				 *string_option(group, i));
		else
			buf_addf(out, "%s=%lld\n", option->name,
				 (long long)*int_option(group, i));
	}
}

void conf_add_source(struct buf *buf, const char *name)
{
	const char *path = find_file_path(name);

	buf_add_str(buf, name);
	if (path != NULL)
		buf_addf(buf, "_FILE '%s'", path);
}

NO_RETURN static void print_and_exit(struct buf *out)
{
	fwrite(out->data, 1, out->len, stdout);
	buf_release(out);
	exit(fflush(stdout) == 0 ? 0 : 1);
}

static void add_help(struct buf *out, const struct conf_option *option)
{
	buf_addf(out, "  %s%s%s\n", option->name,
		 option->value != NULL ? "=" : ", required",
		 option->value != NULL ? option->value : "");
	add_option_text(out, option, "      ");
}

NO_RETURN static void print_help(const char *program, const char *about,
				 const struct conf_group *groups, size_t count)
{
	struct buf out = BUF_INIT;
	size_t g, i;

	buf_addf(&out,
		 "%s: %s\n\n"
		 "usage: %s [--help | --version | --print-config | "
		 "--check-config]\n\n"
		 "Configured by the environment. NAME_FILE may name a file "
		 "that contains the value.\n\n",
		 program, about, program);
	for (g = 0; g < count; g++)
		for (i = 0; i < groups[g].count; i++)
			add_help(&out, &groups[g].options[i]);
	print_and_exit(&out);
}

/* Logs every fault in a line of its own and exits, if there are any. */
static void load_groups(const struct conf_group *groups, size_t count)
{
	struct buf errors = BUF_INIT;
	bool is_good = true;
	const char *line;
	size_t i;

	for (i = 0; i < count; i++)
		is_good &= conf_load(&groups[i], &errors) == 0;
	if (is_good)
		return;
	for (line = errors.data; line < errors.data + errors.len;
	     line += strlen(line) + 1)
		log_error("%s", line);
	exit(1);
}

bool conf_start(int argc, char **argv, const char *program, const char *about,
		const struct conf_group *groups, size_t count)
{
	struct buf text = BUF_INIT;
	bool is_print = argc == 2 && strcmp(argv[1], "--print-config") == 0;
	bool is_check = argc == 2 && strcmp(argv[1], "--check-config") == 0;
	size_t i;

	log_init(program, LOG_LEVEL_INFO);
	log_set_format(LOG_FORMAT_AUTO);
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		print_help(program, about, groups, count);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		buf_addf(&text, "%s %s\n", program, PUSHLOG_VERSION);
		print_and_exit(&text);
	}
	if (argc > 1 && !is_print && !is_check)
		fatalx("unknown argument '%s': try '%s --help'", argv[1],
		       program);
	load_groups(groups, count);
	if (!is_print)
		return !is_check;
	for (i = 0; i < count; i++)
		conf_print(&groups[i], &text);
	print_and_exit(&text);
}
