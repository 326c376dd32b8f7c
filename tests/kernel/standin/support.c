/*
 * What the monitor uses of a kernel: data, locks, memory, a port that is the
 * host's.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "kernel.h"

#define MEMORY (1 << 20)

struct ipc_object {
	uint32_t io_references, io_bits;
};
struct ipc_target {
	struct ipc_object ipt_object;
};
struct ipc_port {
	struct ipc_target ip_target;
};

static struct task first_task = {.name = "stand-in"};
static struct thread first_thread = {.task = &first_task};

struct percpu percpu_array[1] = {{.active_thread = &first_thread}};
struct task *kernel_task = &first_task;
char task_cache[64], thread_cache[64];
void *kernel_map, *ipc_kernel_map;
char *kernel_cmdline = "console=com0";
uint32_t time[2];
int hz = 100;
volatile uint32_t elapsed_ticks;

int kern_invalid(void);
int kern_invalid(void)
{
	return 4;
}

void *mach_server_routines[100] = {kern_invalid};

#define NONE {0, kern_invalid, 0, "kern_invalid"}
#define FIVE NONE, NONE, NONE, NONE, NONE
mach_trap_t mach_trap_table[30] = {
	FIVE, FIVE, FIVE, FIVE, FIVE, {2, mach_msg_trap, 0, "mach_msg_trap"}, NONE, NONE, NONE, NONE,
};
int mach_trap_count = 30;

static char memory[MEMORY] __attribute__((aligned(4096)));
static uint32_t used;

int kmem_alloc_wired(void *map, uint32_t *address, uint32_t size)
{
	(void)map;
	if (used + size > MEMORY)
		return 3;
	*address = (uint32_t)memory + used;
	used += (size + 4095) & ~4095u;
	return 0;
}

int kmem_alloc_pageable(void *map, uint32_t *address, uint32_t size)
{
	return kmem_alloc_wired(map, address, size);
}

void kmem_free(void *map, uint32_t address, uint32_t size)
{
	(void)map, (void)address, (void)size;
}

int vm_map_copyin(void *map, uint32_t address, uint32_t size, int destroy, void **copy)
{
	(void)map, (void)address, (void)size, (void)destroy, (void)copy;
	return 3;
}

void lock_init(void *lock, int sleep)
{
	(void)lock, (void)sleep;
}

void lock_write(void *lock)
{
	(void)lock;
}

void lock_done(void *lock)
{
	(void)lock;
}

void *convert_port_to_host(void *port)
{
	return port;
}

void *convert_port_to_host_priv(void *port)
{
	return port;
}

void assert_wait(void *event, int interruptible)
{
	(void)event, (void)interruptible;
}

void clear_wait(void *thread, int result, int interruptible)
{
	(void)thread, (void)result, (void)interruptible;
}

void thread_set_timeout(int ticks)
{
	(void)ticks;
}

int thread_wakeup_prim(void *event, int one, int result)
{
	(void)event, (void)one, (void)result;
	return 0;
}

void ipc_port_release_sonce(struct ipc_port *port)
{
	port->ip_target.ipt_object.io_references--;
}

int mach_msg_send_from_kernel(void *message, uint32_t size)
{
	(void)message, (void)size;
	return 0;
}

void *memset(void *at, int value, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		((volatile char *)at)[i] = (char)value;
	return at;
}

void *memcpy(void *to, const void *from, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		((volatile char *)to)[i] = ((const char *)from)[i];
	return to;
}

int memcmp(const void *a, const void *b, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (((const char *)a)[i] != ((const char *)b)[i])
			return 1;
	return 0;
}
