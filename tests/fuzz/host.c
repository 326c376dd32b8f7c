/*
 * libFuzzer's target in C: any message to the performance monitor.
 *
 * The first byte of the input says which way the rest goes in: through the
 * embedded host's message system, as a client's, or straight into the generated
 * server stub, as if a kernel had delivered it, where descriptors may lie
 * without anyone having looked at them.  Either way the host must answer the
 * next question, and its account must be exact.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mach/message.h>

#include "embedded_host.h"
#include "embedded_kmsg.h"
#include "perf_report.h"

#define MESSAGE_MAX 1024
#define REPLY_SIZE 8192
#define MILLISECONDS 100

extern boolean_t perf_monitor_server(mach_msg_header_t *request, mach_msg_header_t *reply);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct embedded_ports ports;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (embedded_start(&ports) != KERN_SUCCESS)
		abort();
	return 0;
}

static void
check_account(void)
{
	perf_system_stats_t system;

	perf_report_system(&system);
	if (system.events != system.written + system.rate_limited + system.refused
	    || system.overwritten > system.written)
		abort();
}

/* A reply that came, with the memory that it points to. */
static void
discard(struct space *space, mach_msg_header_t *reply)
{
	if (reply->msgh_size < sizeof *reply || reply->msgh_size > REPLY_SIZE)
		abort();
	pthread_mutex_lock(&ports_lock);
	kmsg_destroy_body(space, reply);
	pthread_mutex_unlock(&ports_lock);
}

static void
as_client(mach_msg_header_t *request, size_t size, bool privileged)
{
	static uint64_t reply[REPLY_SIZE / sizeof(uint64_t)];
	mach_msg_header_t *header = (mach_msg_header_t *)reply;

	request->msgh_remote_port = privileged ? ports.host_priv : ports.host;
	request->msgh_local_port = ports.reply;
	if (embedded_call(request, size, reply, sizeof reply, MILLISECONDS) == MACH_MSG_SUCCESS)
		discard(task_space, header);
}

static void
as_kernel(mach_msg_header_t *request, size_t size, bool privileged)
{
	static uint64_t reply[REPLY_SIZE / sizeof(uint64_t)];
	mach_msg_header_t *header = (mach_msg_header_t *)reply;

	request->msgh_size = size;
	request->msgh_local_port = privileged ? embedded_host_priv : embedded_host;
	request->msgh_remote_port = MACH_PORT_NULL;
	memset(reply, 0, sizeof *header);
	if (perf_monitor_server(request, header))
		discard(kernel_space, header);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t *request;
	size_t used = size - 1;

	if (size < 1 + sizeof(mach_msg_header_t) || size > 1 + MESSAGE_MAX)
		return 0;
	/* As long as the message and no longer, so that reading beyond it is noticed. */
	request = malloc(used);
	if (request == NULL)
		abort();
	memcpy(request, data + 1, used);
	if (data[0] & 1)
		as_client((mach_msg_header_t *)request, used, data[0] & 2);
	else
		as_kernel((mach_msg_header_t *)request, used, data[0] & 2);
	free(request);
	check_account();
	return 0;
}
