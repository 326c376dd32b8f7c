/*
 * A kernel's worth of nothing: it has the functions that GNU Mach is hooked
 * at, in object files of their own, and calls them as GNU Mach does.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _STANDIN_KERNEL_H_
#define _STANDIN_KERNEL_H_

#include <stdint.h>

struct thread;

struct task {
	char name[32];
	struct thread *thread; /* the last one */
};

struct thread {
	struct task *task;
	char name[32];
};

struct percpu {
	uint32_t cpu_id;
	struct thread *active_thread;
};

struct header {
	uint32_t bits, size, remote, local, sequence;
	int id;
};

struct ipc_kmsg {
	struct ipc_kmsg *next;
	struct header ikm_header;
};

typedef struct {
	int mach_trap_arg_count;
	int (*mach_trap_function)();
	int mach_trap_stack;
	const char *mach_trap_name;
} mach_trap_t;

extern struct percpu percpu_array[1];
extern struct task *kernel_task;
extern char task_cache[], thread_cache[];

int copyinmsg(const void *user, void *kernel, unsigned size, unsigned room);
int copyout(const void *kernel, void *user, unsigned size);
int ipc_mqueue_send(struct ipc_kmsg *kmsg, int option, int time_out);
struct ipc_kmsg *ipc_kobject_server(struct ipc_kmsg *request);
int ipc_kmsg_put(void *message, struct ipc_kmsg *kmsg, unsigned size);
int ipc_kmsg_copyout_pseudo(struct ipc_kmsg *kmsg, void *space, void *map);
void ipc_kmsg_copyout_dest(struct ipc_kmsg *kmsg, void *space);
int mach_msg_trap(struct header *message, int option);

int vm_allocate(void *map, uint32_t *address, uint32_t size, int anywhere);
int vm_map(void *map, uint32_t *address, uint32_t size, uint32_t mask, int anywhere, void *object,
	   uint32_t offset, int copy, int protection, int max_protection, int inheritance);
int vm_deallocate(void *map, uint32_t address, uint32_t size);
int vm_fault(void *map, uint32_t address, int type, int wiring, int resume, void (*continuation)(int));
void user_trap(uint32_t address);

int task_create(struct task *parent, int inherit, struct task **child);
int task_create_kernel(struct task *parent, int inherit, struct task **child);
int task_terminate(struct task *task);
void task_deallocate(struct task *task);
int thread_create(struct task *task, struct thread **thread);
struct thread *kernel_thread(struct task *task, const char *name, void (*start)(void), void *argument);
int thread_terminate(struct thread *thread);
int thread_terminate_release(struct thread *thread, struct task *task, uint32_t name,
			     uint32_t reply, uint32_t address, uint32_t size);
void thread_force_terminate(struct thread *thread);
void thread_deallocate(struct thread *thread);
void thread_halt_self(void (*continuation)(void));
void thread_block(void (*continuation)(void));
void kmem_cache_free(void *cache, uint32_t object);
struct thread *switch_context(struct thread *from, void (*continuation)(void), struct thread *to);
void stack_handoff(struct thread *from, struct thread *to);
void biosmem_register_boot_data(uint32_t from, uint32_t to, int temporary);

/* In the assembler's file: what traps and interrupts do. */
int system_call(unsigned number, uint32_t first, uint32_t second, uint32_t third, uint32_t fourth);
void clock_interrupts(void);

void clock_interrupt(int usec, int usermode, int basepri, uint32_t pc);

void workload(void);

#endif /* _STANDIN_KERNEL_H_ */
