/* SPDX-License-Identifier: MIT
 *
 * Reads the roster in Redis, for threads that may block. common/wire/roster.lua
 * lists the questions.
 */
#ifndef MESSAGES_FCGI_REDIS_ROSTER_READER_H
#define MESSAGES_FCGI_REDIS_ROSTER_READER_H

#include "common/base/attr.h"
#include "common/base/span.h"
#include "common/config/settings.h"

struct roster_reader;

/* An array of texts and numbers, as the script returns it. */
struct roster_answer;

/* Connects when it is first used. settings must outlive it. */
struct roster_reader *roster_reader_new(const struct settings *settings);
void roster_reader_free(struct roster_reader *reader);

/* Asks a question: words[0] is its name, the others are its arguments; count is
 * at most ROSTER_WORDS_MAX. Returns the answer, which the caller frees, or NULL
 * if Redis is unavailable. Blocks for a second or two at most, and gives way,
 * see leader.h. Any thread may call it. */
#define ROSTER_WORDS_MAX 128
struct roster_answer *roster_reader_ask(struct roster_reader *reader,
					const struct span *words, size_t count);
void roster_answer_free(struct roster_answer *answer);

size_t roster_answer_count(const struct roster_answer *answer);
/* Element i. If it is of the other type, or missing: absent, or 0. The text is
 * valid until the answer is freed. */
struct span roster_answer_text(const struct roster_answer *answer, size_t i);
int64_t roster_answer_number(const struct roster_answer *answer, size_t i);

#endif
