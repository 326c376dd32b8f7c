/*
 * What the code that mig generates needs of its program: reply ports, memory
 * and strings.  gnumach-dev has no such header.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_MIG_SUPPORT_H_
#define _MACH_MIG_SUPPORT_H_

#include <stddef.h>

#include <mach/message.h>
#include <mach/port.h>
#include <mach/std_types.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *at, int value, size_t size);
size_t strlen(const char *string);

mach_port_t mach_task_self(void);
mach_port_t mach_reply_port(void);

mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
			   mach_msg_size_t send_size, mach_msg_size_t receive_limit,
			   mach_port_t receive_name, mach_msg_timeout_t timeout,
			   mach_port_t notify);

mach_port_t mig_get_reply_port(void);
void mig_put_reply_port(mach_port_t port);
void mig_dealloc_reply_port(mach_port_t port);
void mig_allocate(vm_address_t *address, vm_size_t size);
void mig_deallocate(vm_address_t address, vm_size_t size);
vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size);

#endif /* _MACH_MIG_SUPPORT_H_ */
