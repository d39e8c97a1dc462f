/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BASE_VERSION_H
#define COMMON_BASE_VERSION_H

#define PUSHLOG_VERSION "0.1.0"

#endif
