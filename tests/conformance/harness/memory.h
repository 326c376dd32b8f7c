/*
 * Memory that messages carry out of line: each piece is known until a stub or
 * a caller gives it up, so that what is left over can be named.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _CONFORMANCE_MEMORY_H_
#define _CONFORMANCE_MEMORY_H_

#include <stdbool.h>
#include <stddef.h>

/* Like the kernel, gives the null address for no bytes. */
extern void *memory_allocate(size_t size);

/* False, and nothing happens, if no piece begins there. */
extern bool memory_release(void *memory);

/* Release every piece, reporting each. */
extern void memory_release_all(void (*report)(size_t size));

#endif /* _CONFORMANCE_MEMORY_H_ */
