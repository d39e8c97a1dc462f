/* SPDX-License-Identifier: MIT
 *
 * HTML escaping, done once, before a message is stored. Pure.
 */
#ifndef MESSAGES_FCGI_API_ESCAPE_H
#define MESSAGES_FCGI_API_ESCAPE_H

#include "common/base/buf.h"

/* Adds s with & < > " ' as &amp; &lt; &gt; &quot; &#39;, so that the result can
 * stand in an HTML text or in a quoted attribute. */
void escape_add(struct buf *buf, struct span s);

#endif
