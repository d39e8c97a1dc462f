/* SPDX-License-Identifier: MIT
 *
 * Questions to the roster in Redis, for threads that may wait a second for the
 * answer. See common/wire/roster.lua for what may be asked.
 */
#ifndef MESSAGES_FCGI_REDIS_ROSTER_READER_H
#define MESSAGES_FCGI_REDIS_ROSTER_READER_H

#include "common/base/attr.h"
#include "common/base/span.h"
#include "common/config/settings.h"

struct roster_reader;

/* An array of texts and numbers. */
struct roster_answer;

/* Connects when it is first asked. settings must outlive it. */
struct roster_reader *roster_reader_new(const struct settings *settings);
void roster_reader_free(struct roster_reader *reader);

/* words[0] is what is asked, the others its arguments; count is at most
 * ROSTER_WORDS_MAX. The caller gives the answer back; NULL: Redis is
 * unavailable. From any thread. */
#define ROSTER_WORDS_MAX 128
struct roster_answer *roster_reader_ask(struct roster_reader *reader,
					const struct span *words, size_t count);
void roster_answer_free(struct roster_answer *answer);

size_t roster_answer_count(const struct roster_answer *answer);
/* Absent, or 0, if it is of the other kind, or there is none. */
struct span roster_answer_text(const struct roster_answer *answer, size_t i);
int64_t roster_answer_number(const struct roster_answer *answer, size_t i);

#endif
