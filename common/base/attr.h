/* SPDX-License-Identifier: MIT
 *
 * Names for the compiler attributes that the programs use.
 */
#ifndef COMMON_BASE_ATTR_H
#define COMMON_BASE_ATTR_H

/* The caller must not ignore the result. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* The compiler checks the arguments against the format, as for printf. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define NO_RETURN __attribute__((noreturn))

#endif
