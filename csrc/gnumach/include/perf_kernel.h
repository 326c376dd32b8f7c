/*
 * What is used of GNU Mach: its functions and data, declared as they are
 * called.  The kernel's own headers are not at hand where only its image is;
 * structures are reached through the offsets of <perf_offsets.h>, which the
 * instrumenter writes from the image's debugging information.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_KERNEL_H_
#define _PERF_KERNEL_H_

#include <stddef.h>
#include <stdint.h>

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/machine/vm_types.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach/port.h>
#include <mach/std_types.h>

typedef struct ipc_port *ipc_port_t;
typedef struct ipc_kmsg *ipc_kmsg_t;
typedef struct host *host_t;
typedef host_t host_priv_t;
typedef struct task *task_t;
typedef struct thread *thread_t;
typedef struct vm_map *vm_map_t;
typedef struct vm_map_copy *vm_map_copy_t;
typedef struct vm_object *vm_object_t;
typedef struct kmem_cache *kmem_cache_t;

/* struct lock of kern/lock.h is smaller than this in every configuration. */
typedef struct {
	uintptr_t words[16];
} lock_data_t;

void lock_init(lock_data_t *lock, boolean_t can_sleep);
void lock_write(lock_data_t *lock);
void lock_done(lock_data_t *lock);

host_t convert_port_to_host(ipc_port_t port);
host_t convert_port_to_host_priv(ipc_port_t port);

extern vm_map_t kernel_map;
extern vm_map_t ipc_kernel_map;
kern_return_t kmem_alloc_wired(vm_map_t map, vm_offset_t *address, vm_size_t size);
kern_return_t kmem_alloc_pageable(vm_map_t map, vm_offset_t *address, vm_size_t size);
void kmem_free(vm_map_t map, vm_offset_t address, vm_size_t size);
kern_return_t vm_map_copyin(vm_map_t map, vm_offset_t address, vm_size_t size,
			    boolean_t destroy, vm_map_copy_t *copy);

extern struct kmem_cache task_cache;
extern struct kmem_cache thread_cache;

extern mig_routine_t mach_server_routines[];

/* Threads of the kernel; a wait for nothing ends with its time. */
extern task_t kernel_task;
void assert_wait(void *event, boolean_t interruptible);
void clear_wait(thread_t thread, int result, boolean_t interruptible_only);
void thread_set_timeout(int ticks);
void thread_block(void (*continuation)(void));
boolean_t thread_wakeup_prim(void *event, boolean_t one, int result);

/* A port is alive while this bit is set. */
#define PERF_PORT_ACTIVE 0x80000000u
#define IP_DEAD ((ipc_port_t)~(uintptr_t)0)

void ipc_port_release_sonce(ipc_port_t port);
mach_msg_return_t mach_msg_send_from_kernel(mach_msg_header_t *message, mach_msg_size_t size);

extern char *kernel_cmdline;
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

extern int hz;			     /* clock interrupts per second */
extern volatile uint32_t elapsed_ticks; /* clock interrupts since boot */

extern char mach_trap_table[];
extern int mach_trap_count;

/* The ends of the kernel's memory. */
extern char _start[], _end[];

#endif /* _PERF_KERNEL_H_ */
