/*
 * A server that is another process: gives each request to a pipe, and answers
 * with what comes back.  RELAY names the two descriptors: "OUT,IN".
 *
 * There: { u32 size; message; { u32 size; bytes } for each out-of-line region }.
 * Back: { u32 size; message; u32 regions; { u32 place of the pointer; u32 size; bytes }* },
 * or a size of 0 for no reply.  Pointers are zero both ways.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mach/message.h>
#include <mach/mig_errors.h>

#include "kernel.h"
#include "memory.h"
#include "runner.h"

const int driver_is_kernel = 0;
#ifdef AS_THEY_ARRIVE
/* What comes back is as the client is to receive it. */
extern const int driver_is_the_peer;
const int driver_is_the_peer = 1;
#endif

static int out = -1, in = -1;

static void fail(const char *text)
{
	fprintf(stderr, "relay: %s\n", text);
	exit(2);
}

static void put(const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t done = write(out, at, size);

		if (done <= 0)
			fail("nobody takes requests");
		at += done;
		size -= done;
	}
}

static void take(void *data, size_t size)
{
	char *at = data;

	while (size > 0) {
		ssize_t done = read(in, at, size);

		if (done <= 0)
			fail("nobody answers");
		at += done;
		size -= done;
	}
}

static void put_region(const void *memory, size_t size)
{
	uint32_t length = size;

	put(&length, sizeof length);
	put(memory, size);
}

static void release(const void *memory, size_t size)
{
	(void)size;
	memory_release((void *)memory);
}

/* The receiver's memory is gone once it has been copied to the pipe. */
static void put_message(mach_msg_header_t *message)
{
	unsigned char *copy = malloc(message->msgh_size);

	if (copy == NULL)
		fail("out of memory");
	memcpy(copy, message, message->msgh_size);
	kernel_hide_pointers(copy);
	put_region(copy, message->msgh_size);
	free(copy);
	kernel_each_region(message, put_region);
	kernel_each_region(message, release);
}

static void no_reply(const mach_msg_header_t *request, mig_reply_header_t *reply)
{
	memset(reply, 0, sizeof *reply);
	reply->Head.msgh_size = sizeof *reply;
	reply->Head.msgh_id = request->msgh_id + 100;
	reply->RetCode = MIG_NO_REPLY;
}

int driver_serve(void *request, void *reply)
{
	uint32_t size, regions, at;
	void *memory;

	if (out < 0 && sscanf(getenv("RELAY"), "%d,%d", &out, &in) != 2)
		fail("RELAY is not OUT,IN");
	put_message(request);
	take(&size, sizeof size);
	if (size == 0) {
		no_reply(request, reply);
		return true;
	}
	take(reply, size);
	for (take(&regions, sizeof regions); regions > 0; regions--) {
		take(&at, sizeof at);
		take(&size, sizeof size);
		memory = memory_allocate(size);
		take(memory, size);
		memcpy((char *)reply + at, &memory, sizeof memory);
	}
	return true;
}
