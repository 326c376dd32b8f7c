/*
 * What the kernel does to a message on its way.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _CONFORMANCE_KERNEL_H_
#define _CONFORMANCE_KERNEL_H_

#include <stddef.h>

enum transfer {
	TRANSFER_TO_USER,     /* a user task's message, received by another */
	TRANSFER_TO_KERNEL,   /* a user task's message, received by the kernel */
	TRANSFER_FROM_KERNEL, /* the kernel's message, received by a user task */
};

/*
 * Turn the message sent into the message received, in place: rights become
 * what the receiver holds, out-of-line memory becomes the receiver's own.
 */
extern void kernel_transfer(void *message, enum transfer transfer);

/* Visit each out-of-line region in the order of the descriptors. */
extern void kernel_each_region(const void *message, void (*visit)(const void *memory, size_t size));

/* Replace each out-of-line pointer by zero. */
extern void kernel_hide_pointers(void *message);

#endif /* _CONFORMANCE_KERNEL_H_ */
