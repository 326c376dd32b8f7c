/*
 * mach_msg in the embedded host.
 *
 * IPC_SEND ends when the message is queued or handed to the server of a port
 * that is served in place; IPC_RECEIVE begins with the trap, so that a call to
 * the host has the host's work in it.  Both count once per message of a task,
 * as in the kernel; what the host itself sends is not counted.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_message.h"

#include <errno.h>
#include <stdlib.h>

#include <mach/mig_errors.h>
#include <mach/mig_support.h>

#include "embedded_kmsg.h"
#include "perf_analysis.h"
#include "embedded_ports.h"

#define REPLY_SIZE_MAX 8192 /* the kernel's */

static struct timespec
deadline_after(mach_msg_timeout_t milliseconds)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += milliseconds / 1000;
	deadline.tv_nsec += milliseconds % 1000 * 1000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_nsec -= 1000000000;
		deadline.tv_sec++;
	}
	return deadline;
}

/* False when the deadline, if there is one, has passed. */
static bool
wait_for(pthread_cond_t *condition, const struct timespec *deadline)
{
	if (deadline == NULL)
		return pthread_cond_wait(condition, &ports_lock) == 0;
	return pthread_cond_timedwait(condition, &ports_lock, deadline) != ETIMEDOUT;
}

/*
 * With ports_lock held.  What cannot be sent, because the asker is gone or the
 * server wants no answer, is destroyed with all that is in it.
 */
static void
answer(mach_msg_header_t *reply, bool wanted)
{
	struct kmsg *kmsg;

	if (wanted && reply->msgh_remote_port != MACH_PORT_NULL
	    && kmsg_copyin(kernel_space, reply, reply->msgh_size, MACH_PORT_NULL, &kmsg)
		       == MACH_MSG_SUCCESS) {
		kmsg_enqueue(kmsg->destination, kmsg);
		return;
	}
	kmsg_destroy_body(kernel_space, reply);
	port_destroy_locked(kernel_space, reply->msgh_remote_port);
}

/* The kernel's side of a call: names in its space, an answer at the reply port. */
static void
serve(port_server_t server, struct kmsg *kmsg)
{
	union {
		mach_msg_header_t header;
		mig_reply_header_t error;
		char bytes[REPLY_SIZE_MAX];
	} reply;
	mach_msg_header_t *request = malloc(kmsg->header.msgh_size);

	pthread_mutex_lock(&ports_lock);
	if (request == NULL) {
		kmsg_destroy(kmsg);
		pthread_mutex_unlock(&ports_lock);
		return;
	}
	kmsg_copyout(kmsg, kernel_space, request);
	pthread_mutex_unlock(&ports_lock);

	server(request, &reply.header);

	pthread_mutex_lock(&ports_lock);
	if (reply.error.RetCode != KERN_SUCCESS) {
		kmsg_destroy_body(kernel_space, request);
		reply.header.msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;
		reply.header.msgh_size = sizeof reply.error;
	}
	answer(&reply.header, reply.error.RetCode != MIG_NO_REPLY);
	pthread_mutex_unlock(&ports_lock);
	free(request);
}

struct timing {
	struct perf_stamp start;
	uint32_t flags;
	mach_msg_id_t id;
	mach_msg_size_t size;
};

static void
timing_end(uint32_t event, const struct timing *timing)
{
	perf_time_end(event, timing->flags, PERF_CURRENT, PERF_CURRENT, timing->id,
		      timing->size, &timing->start);
}

/* A right to send once is a right to a place in the queue. */
static bool
must_wait(const struct kmsg *kmsg)
{
	const struct port *port = kmsg->destination;

	return port->receiver != NULL && port->queued >= PORT_QUEUE_LIMIT
	       && kmsg->destination_sent != MACH_MSG_TYPE_PORT_SEND_ONCE;
}

/* With ports_lock held; a server to be called with the message, or null. */
static mach_msg_return_t
deliver(struct kmsg *kmsg, const struct timespec *deadline, struct timing *timing,
	port_server_t *server)
{
	struct port *port = kmsg->destination;

	*server = NULL;
	while (must_wait(kmsg)) {
		timing->flags |= PERF_FLAG_WAITED;
		if (!wait_for(&port->room, deadline)) {
			kmsg_destroy(kmsg);
			return MACH_SEND_TIMED_OUT;
		}
	}
	if (port->receiver == NULL)
		kmsg_destroy(kmsg);
	else if (port->server != NULL)
		*server = port->server;
	else
		kmsg_enqueue(port, kmsg);
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t
send_part(const struct message_trap *trap)
{
	struct timing timing = {.size = trap->send_size};
	struct timespec deadline = {0};
	port_server_t server = NULL;
	struct kmsg *kmsg;
	mach_msg_return_t mr;

	perf_time_begin(PERF_EVENT_IPC_SEND, &timing.start);
	if (trap->option & MACH_SEND_TIMEOUT)
		deadline = deadline_after(trap->timeout);
	pthread_mutex_lock(&ports_lock);
	mr = kmsg_copyin(task_space, trap->send, trap->send_size, trap->reply, &kmsg);
	if (mr == MACH_MSG_SUCCESS) {
		timing.id = kmsg->header.msgh_id;
		mr = deliver(kmsg, trap->option & MACH_SEND_TIMEOUT ? &deadline : NULL,
			     &timing, &server);
	} else if (trap->send_size >= sizeof *trap->send) {
		timing.id = trap->send->msgh_id;
	}
	if (mr != MACH_MSG_SUCCESS)
		timing.flags |= PERF_FLAG_ERROR;
	/* Before anybody can receive it: who has the message sees the event. */
	timing_end(PERF_EVENT_IPC_SEND, &timing);
	pthread_mutex_unlock(&ports_lock);
	if (server != NULL)
		serve(server, kmsg);
	return mr;
}

static mach_msg_return_t
receive_locked(const struct message_trap *trap, struct timing *timing)
{
	struct port *port = port_received_by(task_space, trap->receive_name);
	mach_msg_return_t mr = MACH_MSG_SUCCESS;
	struct timespec deadline = {0};
	struct kmsg *kmsg;

	if (port == NULL)
		return MACH_RCV_INVALID_NAME;
	if (trap->option & MACH_RCV_TIMEOUT)
		deadline = deadline_after(trap->timeout);
	port->references++;
	while (port->receiver != NULL && port->first == NULL) {
		timing->flags |= PERF_FLAG_WAITED;
		if (!wait_for(&port->arrived,
			      trap->option & MACH_RCV_TIMEOUT ? &deadline : NULL)) {
			mr = MACH_RCV_TIMED_OUT;
			break;
		}
	}
	if (port->receiver == NULL)
		mr = MACH_RCV_PORT_DIED;
	if (mr == MACH_MSG_SUCCESS) {
		kmsg = kmsg_dequeue(port);
		timing->id = kmsg->header.msgh_id;
		timing->size = kmsg->header.msgh_size;
		if (timing->size > trap->receive_size) {
			kmsg_destroy(kmsg);
			mr = MACH_RCV_TOO_LARGE;
		} else {
			kmsg_copyout(kmsg, task_space, trap->receive);
		}
	}
	port_release(port);
	return mr;
}

mach_msg_return_t
message_trap(const struct message_trap *trap)
{
	struct timing receive = {0};
	mach_msg_return_t mr = MACH_MSG_SUCCESS;

	if (trap->option & MACH_RCV_MSG)
		perf_time_begin(PERF_EVENT_IPC_RECEIVE, &receive.start);
	if (trap->option & MACH_SEND_MSG)
		mr = send_part(trap);
	if (mr != MACH_MSG_SUCCESS || !(trap->option & MACH_RCV_MSG))
		return mr;
	pthread_mutex_lock(&ports_lock);
	mr = receive_locked(trap, &receive);
	pthread_mutex_unlock(&ports_lock);
	if (mr == MACH_MSG_SUCCESS)
		timing_end(PERF_EVENT_IPC_RECEIVE, &receive);
	return mr;
}

static __thread bool of_kernel;

void
message_thread_of_kernel(void)
{
	of_kernel = true;
}

/* To a task: never waits, because what the kernel sends to is a right to send once. */
static mach_msg_return_t
send_from_kernel(const mach_msg_header_t *message, mach_msg_size_t size)
{
	struct kmsg *kmsg;
	mach_msg_return_t mr;

	pthread_mutex_lock(&ports_lock);
	mr = kmsg_copyin(kernel_space, message, size, MACH_PORT_NULL, &kmsg);
	if (mr == MACH_MSG_SUCCESS && kmsg->destination->receiver != NULL)
		kmsg_enqueue(kmsg->destination, kmsg);
	else if (mr == MACH_MSG_SUCCESS)
		kmsg_destroy(kmsg);
	pthread_mutex_unlock(&ports_lock);
	return mr;
}

mach_msg_return_t
mach_msg(mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size,
	 mach_msg_size_t receive_size, mach_port_t receive_name,
	 mach_msg_timeout_t timeout, mach_port_t notify)
{
	(void)notify;
	if (of_kernel)
		return send_from_kernel(message, send_size);
	return message_trap(&(struct message_trap){
		.option = option,
		.send = message,
		.send_size = send_size,
		.receive = message,
		.receive_size = receive_size,
		.receive_name = receive_name,
		.timeout = timeout,
	});
}
