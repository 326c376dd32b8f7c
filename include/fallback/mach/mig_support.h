/*
 * The functions that generated stubs call.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_MIG_SUPPORT_H_
#define _MACH_MIG_SUPPORT_H_

#include <stddef.h>

#include <mach/message.h>
#include <mach/std_types.h>

/* Stubs copy arrays with it; <string.h> is not there in a freestanding build. */
extern void *memcpy(void *restrict to, const void *restrict from, size_t size);

extern void mig_init(void *first);

/* The reply port of this thread, after an RPC, and after one that failed. */
extern mach_port_t mig_get_reply_port(void);
extern void mig_put_reply_port(mach_port_t port);
extern void mig_dealloc_reply_port(mach_port_t port);

/* Memory for what does not fit into a message. */
extern void mig_allocate(vm_address_t *address, vm_size_t size);
extern void mig_deallocate(vm_address_t address, vm_size_t size);

/* Copy a string, always ended; its length without the end. */
extern vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size);

#endif /* _MACH_MIG_SUPPORT_H_ */
