/*
 * The little that a boot task needs in place of a C library: traps, threads,
 * reply ports, a console.  What the task is for is no matter of this file.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_RUNTIME_H_
#define _GUEST_RUNTIME_H_

#include <stddef.h>
#include <stdint.h>

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/mig_support.h>

#define GUEST_PAGE_SIZE 4096u
#define GUEST_STACK_SIZE 16384u

/*
 * A stack, aligned to its size: a thread finds its own data, which lies at
 * the low end, from its stack pointer.
 */
union guest_stack {
	struct {
		mach_port_t reply_port; /* null until the first RPC */
	} own;
	uintptr_t words[GUEST_STACK_SIZE / sizeof(uintptr_t)];
} __attribute__((aligned(GUEST_STACK_SIZE)));

/* Traps. */
mach_port_t mach_thread_self(void);
mach_port_t mach_host_self(void);
mach_msg_return_t mach_msg_trap(mach_msg_header_t *message, mach_msg_option_t option,
				mach_msg_size_t send_size, mach_msg_size_t receive_limit,
				mach_port_t receive_name, mach_msg_timeout_t timeout,
				mach_port_t notify);
kern_return_t syscall_vm_allocate(mach_port_t task, vm_offset_t *address, vm_size_t size,
				  boolean_t anywhere);
kern_return_t syscall_vm_deallocate(mach_port_t task, vm_offset_t address, vm_size_t size);

/* The boot task's privileged ports, from its arguments. */
extern mach_port_t guest_host_port;
extern mach_port_t guest_device_port;

/* The task's own code begins here, on a stack of the task's own. */
void guest_main(void) __attribute__((noreturn));

/* Create a thread in this task, set to run function on stack, suspended. */
kern_return_t guest_thread_prepare(union guest_stack *stack, void (*function)(void),
				   mach_port_t *thread);

/*
 * The same in another task, whose memory is a copy of this one's: guest_thread_function
 * must have been called for that stack before the copy was made.
 */
kern_return_t guest_thread_prepare_in(mach_port_t task, union guest_stack *stack,
				      mach_port_t *thread);

/* Have the next thread on this stack run function. */
void guest_thread_function(union guest_stack *stack, void (*function)(void));

/* Create a port, with rights to receive and to send. */
kern_return_t guest_port_create(mach_port_t *port);

/* Forget a stack's reply port, with whatever is queued there. */
kern_return_t guest_stack_release(union guest_stack *stack);

/* Wait, without using the processor. */
void guest_sleep(mach_msg_timeout_t milliseconds);

/* Receive a message of a header; KERN_FAILURE: it has another id. */
kern_return_t guest_hear(mach_port_t port, mach_msg_id_t what);

int memcmp(const void *a, const void *b, size_t size);

/* Write a line to the console. */
void guest_print(const char *line);

/* Say why on the console and end the guest. */
void guest_fail(const char *what, kern_return_t code) __attribute__((noreturn));

#endif /* _GUEST_RUNTIME_H_ */
