/*
 * The workload server of the embedded host: real operations of this process,
 * timed where they happen by the macros that a kernel uses.
 *
 * What each operation records, exactly:
 *
 *	workload_messages	IPC_SEND +1, IPC_RECEIVE +1 for each message, and
 *				THREAD_CREATE +1, THREAD_TERMINATE +1 for the
 *				thread that sends them all
 *	workload_requests	IPC_SEND +1, IPC_RECEIVE +1: one RPC to the host
 *	workload_memory		VM_ALLOC +1, VM_FREE +1, PAGE_FAULT +pages
 *	workload_tasks		TASK_CREATE +1, TASK_TERMINATE +1
 *	workload_threads	THREAD_CREATE +1, THREAD_TERMINATE +1
 *	workload_sleep		nothing
 *	workload_delay		nothing; lengthens the events above but for
 *				IPC_SEND and IPC_RECEIVE
 *
 * The call itself adds IPC_SEND +2 and IPC_RECEIVE +2: its request and its
 * reply.  The receive of the request ends when it arrives, which is before the
 * work; the others when the work is done.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mach/mig_errors.h>
#include <mach/mig_support.h>

#define PERF_ANALYSIS_NO_RPC_NAMES /* they are the user stubs' here */

#include "embedded_delay.h"
#include "embedded_host.h"
#include "perf_analysis.h"
#include "perf_monitor_user.h"
#include "perf_workload_server.h"
#include "embedded_ports.h"
#include "embedded_thread.h"

#define PROTECTION_READ_WRITE 3 /* VM_PROT_READ | VM_PROT_WRITE */

extern boolean_t perf_workload_server(mach_msg_header_t *request,
				      mach_msg_header_t *reply);

static mach_port_t host_port;

/* Ids are given while somebody may ask for them. */
static uint32_t
current_task_id(void)
{
	return perf_is_enabled() ? perf_task_id((uintptr_t)embedded_task) : 0;
}

/*
 * A thread of the workload.  It is known by the address of this structure from
 * before it exists until it is gone.
 */
struct worker {
	pthread_t thread;
	void (*body)(struct worker *worker);
	mach_port_t port;
	uint32_t count;
	uint32_t number, step; /* of the messages */
	uint32_t id;
	struct perf_stamp ended; /* its last act */
};

static void *
worker_main(void *argument)
{
	struct worker *worker = argument;

	embedded_thread_attach((uintptr_t)worker);
	if (worker->body != NULL)
		worker->body(worker);
	perf_time_begin(PERF_EVENT_THREAD_TERMINATE, &worker->ended);
	return NULL;
}

static bool
worker_start(struct worker *worker)
{
	uint32_t task = current_task_id();
	int error = 0;

	worker->id = task == 0 ? 0
			       : perf_thread_id((uintptr_t)worker,
						(uintptr_t)embedded_task);
	PERF_TIME_BLOCK(PERF_EVENT_THREAD_CREATE, PERF_CURRENT, PERF_CURRENT, worker->id,
			task, {
		error = pthread_create(&worker->thread, NULL, worker_main, worker);
		embedded_delay(PERF_EVENT_THREAD_CREATE);
	});
	if (error != 0)
		perf_thread_forget((uintptr_t)worker);
	return error == 0;
}

/* From its last act to its real death. */
static void
worker_join(struct worker *worker)
{
	pthread_join(worker->thread, NULL);
	embedded_delay(PERF_EVENT_THREAD_TERMINATE);
	perf_time_end(PERF_EVENT_THREAD_TERMINATE, 0, PERF_CURRENT, PERF_CURRENT,
		      worker->id, current_task_id(), &worker->ended);
}

/* Messages of nothing but a header, until the queue's owner goes away. */
static void
send_messages(struct worker *worker)
{
	while (worker->count-- > 0) {
		mach_msg_header_t message = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_size = sizeof message,
			.msgh_remote_port = worker->port,
			.msgh_id = (mach_msg_id_t)worker->number,
		};

		worker->number += worker->step;

		if (mach_msg(&message, MACH_SEND_MSG, sizeof message, 0, MACH_PORT_NULL,
			     MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL)
		    != MACH_MSG_SUCCESS)
			break;
	}
}

static kern_return_t
exchange_messages(uint32_t number, uint32_t step, uint32_t count, uint32_t *done)
{
	struct worker sender = {
		.body = send_messages, .count = count, .number = number, .step = step};
	mach_msg_header_t message;

	*done = 0;
	sender.port = port_allocate(task_space, NULL);
	if (sender.port == MACH_PORT_NULL)
		return KERN_RESOURCE_SHORTAGE;
	if (!worker_start(&sender)) {
		port_destroy(task_space, sender.port);
		return KERN_RESOURCE_SHORTAGE;
	}
	while (*done < count
	       && mach_msg(&message, MACH_RCV_MSG, 0, sizeof message, sender.port,
			   MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL)
			  == MACH_MSG_SUCCESS)
		++*done;
	port_destroy(task_space, sender.port);
	worker_join(&sender);
	return KERN_SUCCESS;
}

kern_return_t
serve_workload_messages(mach_port_t server, uint32_t count, uint32_t *done)
{
	(void)server;
	return exchange_messages(0, 0, count, done);
}

kern_return_t
serve_workload_numbers(mach_port_t server, uint32_t first, uint32_t count, uint32_t *done)
{
	(void)server;
	return exchange_messages(first, 1, count, done);
}

/* There are no kernel's threads to do these things to. */
kern_return_t
serve_workload_pingpong(mach_port_t server, uint32_t count, uint32_t *done)
{
	(void)server, (void)count;
	*done = 0;
	return KERN_NOT_SUPPORTED;
}

kern_return_t
serve_workload_interruptions(mach_port_t server, uint32_t count, uint32_t *done)
{
	return serve_workload_pingpong(server, count, done);
}

kern_return_t
serve_workload_exceptions(mach_port_t server, uint32_t count, uint32_t *done)
{
	return serve_workload_pingpong(server, count, done);
}

kern_return_t
serve_workload_paging(mach_port_t server, uint32_t count, uint32_t pages, uint32_t *done)
{
	(void)pages;
	return serve_workload_pingpong(server, count, done);
}

kern_return_t
serve_workload_deaths(mach_port_t server, uint32_t count, uint32_t *done)
{
	return serve_workload_pingpong(server, count, done);
}

kern_return_t
serve_workload_crowds(mach_port_t server, uint32_t count, uint32_t *done)
{
	return serve_workload_pingpong(server, count, done);
}

kern_return_t
serve_workload_failures(mach_port_t server, uint32_t count, uint32_t *done)
{
	return serve_workload_pingpong(server, count, done);
}

kern_return_t
serve_workload_late_page(mach_port_t server, uint32_t milliseconds, uint32_t *done)
{
	return serve_workload_pingpong(server, milliseconds, done);
}

kern_return_t
serve_workload_requests(mach_port_t server, uint32_t count, uint32_t *done)
{
	perf_info_t info;
	mach_msg_type_number_t words;

	(void)server;
	for (*done = 0; *done < count; ++*done) {
		words = 1;
		if (perf_get_info(host_port, PERF_INFO_INTERFACE, info, &words)
		    != KERN_SUCCESS)
			break;
	}
	return KERN_SUCCESS;
}

/* One fault per page: the kernel may not map more than was touched. */
static void
touch_pages(char *memory, uint32_t pages, size_t page_size)
{
	for (uint32_t i = 0; i < pages; i++) {
		volatile char *page = memory + i * page_size;

		PERF_TIME_BLOCK(PERF_EVENT_PAGE_FAULT, PERF_CURRENT, PERF_CURRENT, page,
				PROTECTION_READ_WRITE, {
			*page = 1;
			embedded_delay(PERF_EVENT_PAGE_FAULT);
		});
	}
}

static bool
use_memory(uint32_t pages, size_t page_size)
{
	struct perf_stamp start;
	size_t size = pages * page_size;
	char *memory;
	int error;

	perf_time_begin(PERF_EVENT_VM_ALLOC, &start);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	embedded_delay(PERF_EVENT_VM_ALLOC);
	perf_time_end(PERF_EVENT_VM_ALLOC, memory == MAP_FAILED ? PERF_FLAG_ERROR : 0,
		      PERF_CURRENT, PERF_CURRENT, (uintptr_t)memory, size, &start);
	if (memory == MAP_FAILED)
		return false;
	madvise(memory, size, MADV_NOHUGEPAGE);
	touch_pages(memory, pages, page_size);
	perf_time_begin(PERF_EVENT_VM_FREE, &start);
	error = munmap(memory, size);
	embedded_delay(PERF_EVENT_VM_FREE);
	perf_time_end(PERF_EVENT_VM_FREE, error ? PERF_FLAG_ERROR : 0, PERF_CURRENT,
		      PERF_CURRENT, (uintptr_t)memory, size, &start);
	return error == 0;
}

kern_return_t
serve_workload_memory(mach_port_t server, uint32_t count, uint32_t pages, uint32_t *done)
{
	size_t page_size = sysconf(_SC_PAGESIZE);

	(void)server;
	*done = 0;
	if (pages == 0 || pages > UINT32_MAX / page_size)
		return KERN_INVALID_ARGUMENT;
	while (*done < count && use_memory(pages, page_size))
		++*done;
	return KERN_SUCCESS;
}

/*
 * A process that does nothing until it is killed.  It shares no lock and no
 * memory with us any more, and touches none.
 */
static bool
use_task(void)
{
	struct perf_stamp start;
	uint32_t parent = current_task_id(), id = 0;
	pid_t child;

	perf_time_begin(PERF_EVENT_TASK_CREATE, &start);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	embedded_delay(PERF_EVENT_TASK_CREATE);
	if (child > 0 && perf_is_enabled())
		id = perf_task_id(child); /* its key: no address is that small */
	perf_time_end(PERF_EVENT_TASK_CREATE, child < 0 ? PERF_FLAG_ERROR : 0,
		      PERF_CURRENT, PERF_CURRENT, id, parent, &start);
	if (child < 0)
		return false;
	PERF_TIME_BLOCK(PERF_EVENT_TASK_TERMINATE, PERF_CURRENT, PERF_CURRENT, id, parent,
			{
		kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		embedded_delay(PERF_EVENT_TASK_TERMINATE);
	});
	perf_task_forget(child);
	return true;
}

kern_return_t
serve_workload_tasks(mach_port_t server, uint32_t count, uint32_t *done)
{
	(void)server;
	for (*done = 0; *done < count && use_task(); ++*done)
		;
	return KERN_SUCCESS;
}

kern_return_t
serve_workload_threads(mach_port_t server, uint32_t count, uint32_t *done)
{
	(void)server;
	for (*done = 0; *done < count; ++*done) {
		struct worker worker = {0};

		if (!worker_start(&worker))
			break;
		worker_join(&worker);
	}
	return KERN_SUCCESS;
}

kern_return_t
serve_workload_sleep(mach_port_t server, uint32_t milliseconds, uint32_t *done)
{
	struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	(void)server;
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
	*done = 1;
	return KERN_SUCCESS;
}

kern_return_t
serve_workload_delay(mach_port_t server, uint32_t event, uint32_t nanoseconds)
{
	(void)server;
	return embedded_delay_set(event, nanoseconds);
}

/* The server's thread: receive, serve, reply. */
static void *
serve_requests(void *argument)
{
	mach_port_t port = (mach_port_t)(uintptr_t)argument;
	union {
		mach_msg_header_t header;
		mig_reply_header_t error;
		char bytes[1024];
	} request, reply;

	pthread_setname_np(pthread_self(), "workload");
	for (;;) {
		mach_msg_return_t mr =
			mach_msg(&request.header, MACH_RCV_MSG, 0, sizeof request, port,
				 MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);

		if (mr == MACH_RCV_TOO_LARGE)
			continue;
		if (mr != MACH_MSG_SUCCESS)
			return NULL;
		perf_workload_server(&request.header, &reply.header);
		mr = mach_msg(&reply.header, MACH_SEND_MSG, reply.header.msgh_size, 0,
			      MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
		/* Nobody waits for it any more. */
		if (mr != MACH_MSG_SUCCESS)
			port_destroy(task_space, reply.header.msgh_remote_port);
	}
}

kern_return_t
embedded_workload_start(mach_port_t name, mach_port_t host)
{
	pthread_attr_t detached;
	pthread_t thread;
	int error;

	host_port = host;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &detached, serve_requests,
			       (void *)(uintptr_t)name);
	pthread_attr_destroy(&detached);
	return error == 0 ? KERN_SUCCESS : KERN_RESOURCE_SHORTAGE;
}
