/*
 * What a generated driver sees of the runner: the vector it is called with,
 * the record it leaves, and the memory that counts as out-of-line.
 *
 * No Mach type appears here, because user drivers and kernel drivers disagree
 * about them.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _CONFORMANCE_RUNNER_H_
#define _CONFORMANCE_RUNNER_H_

#include <stddef.h>
#include <stdint.h>

/* The next bytes of the vector: arguments in a client, results in a server. */
extern void runner_take(void *data, size_t size);
extern uint32_t runner_take_word(void);

/* The same into fresh memory that a message may carry away. */
extern void *runner_take_memory(size_t size);

/* Append to what this side saw. */
extern void runner_put(const void *data, size_t size);
extern void runner_put_word(uint32_t word);

/* The kernel gives up a reference to an object, or a right. */
extern void runner_drop(const char *what, const void *object);

/*
 * Whether a stub is to make a check, by number; all are but the one that the
 * environment variable RUNNER_LEFT_OUT names.  For stubs prepared for it.
 */
extern int runner_keeps(uint32_t check);

/* Every driver defines this: whether its side is the kernel's. */
extern const int driver_is_kernel;

/* A client driver defines this: make call number `routine` of the interface. */
extern void driver_call(uint32_t routine);

/* A server driver defines this: give a request to the server. */
extern int driver_serve(void *request, void *reply);

#endif /* _CONFORMANCE_RUNNER_H_ */
