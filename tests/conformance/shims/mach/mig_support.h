/*
 * What generated stubs expect of libc.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_MIG_SUPPORT_H_
#define _MACH_MIG_SUPPORT_H_

#include <string.h>

#include <mach/message.h>
#include <mach/mach_types.h>

#ifndef KERNEL /* whose message.h declares its own */
extern mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
				  mach_msg_size_t send_size, mach_msg_size_t receive_size,
				  mach_port_t receive_name, mach_msg_timeout_t timeout,
				  mach_port_t notify);
#endif

extern mach_port_t mig_get_reply_port(void);
extern void mig_put_reply_port(mach_port_t port);
extern void mig_dealloc_reply_port(mach_port_t port);

extern void mig_allocate(vm_address_t *address, vm_size_t size);
extern void mig_deallocate(vm_address_t address, vm_size_t size);

/* Copies at most size bytes, terminated; returns the length without the NUL. */
extern vm_size_t mig_strncpy(char *destination, const char *source, vm_size_t size);

#endif /* _MACH_MIG_SUPPORT_H_ */
