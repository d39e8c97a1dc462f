/* SPDX-License-Identifier: MIT
 *
 * The compiler attributes this house uses, under names that say why.
 */
#ifndef COMMON_BASE_ATTR_H
#define COMMON_BASE_ATTR_H

/* The result says whether it worked: ignoring it is a mistake. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Arguments are checked against the format string, as printf's are. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define NO_RETURN __attribute__((noreturn))

#endif
