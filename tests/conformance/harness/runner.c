/*
 * The runner: one process that plays a client, a server and the kernel
 * between them.  It loads a client and a server, both compiled from generated
 * stubs and a generated driver, feeds them vectors from standard input and
 * writes down every message, argument and piece of memory that it saw.
 *
 *	runner CLIENT.so SERVER.so FILL
 *
 * FILL is the byte that buffers hold before a stub writes to them.
 *
 * Input:  { u32 operation; u32 routine; u32 length, bytes; u32 length, bytes }*
 * Output: { u8 tag; u32 length; bytes }*, the tags are enum record below.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach/mig_support.h>

#include "kernel.h"
#include "memory.h"
#include "runner.h"

#define REPLY_PORT 0x77
#define REPLY_SIZE_MAX (1u << 20)
#define CHECK(condition, text) ((condition) ? (void)0 : fail(text))

/* Operations: a call through the client; or a request as a server receives it. */
enum operation { OPERATION_CALL, OPERATION_DELIVER };

enum record {
	RECORD_SEND = 'S',	/* options, sizes and ports given to mach_msg */
	RECORD_REQUEST = 'Q',	/* as the client sent it, pointers zero */
	RECORD_RECEIVED = 'V',	/* as the server received it, pointers zero */
	RECORD_ARGUMENTS = 'A', /* as the server function saw them */
	RECORD_REPLY = 'P',	/* as the server sent it, pointers zero */
	RECORD_RETURNED = 'W',	/* as the client received it, pointers zero */
	RECORD_RESULTS = 'R',	/* as the client's caller saw them */
	RECORD_REGION = 'O',	/* out-of-line memory of the message before */
	RECORD_FREED = 'F',	/* size of memory a stub deallocated */
	RECORD_LEFT = 'L',	/* size of memory nobody deallocated */
	RECORD_SERVED = 'B',	/* what the demultiplexer returned */
	RECORD_DROPPED = 'U',	/* what kind of reference the kernel's stub gave up */
	RECORD_REPLY_PORT = 'D', /* the client gave up its reply port */
	RECORD_END = '.',
};

struct blob {
	unsigned char *data;
	uint32_t size;
	uint32_t at;
};

static struct blob arguments, results;
static struct blob *taking;
static struct blob saw;
static unsigned char fill;
static int (*serve)(void *, void *);
static bool client_is_kernel, server_is_kernel;
static bool replies_arrive_as_they_are; /* from a server that plays the kernel, too */

static void fail(const char *text)
{
	fflush(stdout);
	fprintf(stderr, "runner: %s\n", text);
	exit(2);
}

static void record(enum record tag, const void *data, uint32_t size)
{
	putchar(tag);
	fwrite(&size, sizeof size, 1, stdout);
	if (size > 0)
		fwrite(data, 1, size, stdout);
}

static void record_word(enum record tag, uint32_t word)
{
	record(tag, &word, sizeof word);
}

static void record_left(size_t size)
{
	record_word(RECORD_LEFT, size);
}

/* Vectors and what was seen of them. */

void runner_take(void *data, size_t size)
{
	CHECK(taking->size - taking->at >= size, "the vector is too short");
	if (size == 0) /* then data may be null */
		return;
	memcpy(data, taking->data + taking->at, size);
	taking->at += size;
}

uint32_t runner_take_word(void)
{
	uint32_t word;

	runner_take(&word, sizeof word);
	return word;
}

void *runner_take_memory(size_t size)
{
	void *memory = memory_allocate(size);

	runner_take(memory, size);
	return memory;
}

void runner_put(const void *data, size_t size)
{
	if (size == 0)
		return;
	saw.data = realloc(saw.data, saw.size + size);
	CHECK(saw.data != NULL, "out of memory");
	memcpy(saw.data + saw.size, data, size);
	saw.size += size;
}

void runner_put_word(uint32_t word)
{
	runner_put(&word, sizeof word);
}

int runner_keeps(uint32_t check)
{
	const char *left_out = getenv("RUNNER_LEFT_OUT");

	return left_out == NULL || strtoul(left_out, NULL, 10) != check;
}

static void record_saw(enum record tag)
{
	record(tag, saw.data, saw.size);
	saw.size = 0;
}

/* Messages. */

static void record_region(const void *memory, size_t size)
{
	record(RECORD_REGION, memory, size);
}

static void record_message(enum record tag, const void *message)
{
	uint32_t size = ((const mach_msg_header_t *)message)->msgh_size;
	unsigned char *copy = malloc(size);

	CHECK(copy != NULL, "out of memory");
	memcpy(copy, message, size);
	kernel_hide_pointers(copy);
	record(tag, copy, size);
	free(copy);
	kernel_each_region(message, record_region);
}

/*
 * Let the server answer a request.  The request lies in memory of exactly its
 * size, so that a sanitizer sees a stub that reads behind it.
 */
static void answer(void *request, mach_msg_header_t *reply)
{
	bool served;

	memset(reply, fill, REPLY_SIZE_MAX);
	taking = &results;
	saw.size = 0;
	served = serve(request, reply);
	if (saw.size > 0)
		record_saw(RECORD_ARGUMENTS);
	taking = &arguments;
	record_word(RECORD_SERVED, served);
	if (!replies_arrive_as_they_are)
		record_message(RECORD_REPLY, reply);
}

static mach_msg_header_t *reply_buffer(void)
{
	static mach_msg_header_t *buffer;

	if (buffer == NULL)
		buffer = malloc(REPLY_SIZE_MAX);
	CHECK(buffer != NULL, "out of memory");
	return buffer;
}

static enum transfer transfer(bool from_kernel, bool to_kernel)
{
	if (from_kernel)
		return TRANSFER_FROM_KERNEL;
	return to_kernel ? TRANSFER_TO_KERNEL : TRANSFER_TO_USER;
}

mach_msg_return_t mach_msg(mach_msg_header_t *header, mach_msg_option_t option,
			   mach_msg_size_t send_size, mach_msg_size_t receive_size,
			   mach_port_t receive_name, mach_msg_timeout_t timeout, mach_port_t notify)
{
	uint32_t sent[] = {option, send_size, receive_name, timeout, notify};
	mach_msg_header_t *reply = reply_buffer();
	kern_return_t code;
	void *request;

	CHECK(send_size == header->msgh_size, "the sizes given to mach_msg and in the header differ");
	record(RECORD_SEND, sent, sizeof sent);
	record_message(RECORD_REQUEST, header);
	request = malloc(send_size);
	CHECK(request != NULL, "out of memory");
	memcpy(request, header, send_size);
	kernel_transfer(request, transfer(client_is_kernel, server_is_kernel));
	record_message(RECORD_RECEIVED, request);
	answer(request, reply);
	free(request);
	if (!(option & MACH_RCV_MSG))
		return MACH_MSG_SUCCESS;
	code = ((mig_reply_header_t *)reply)->RetCode;
	if (code == MIG_NO_REPLY)
		return MACH_RCV_TIMED_OUT;
	if (reply->msgh_size > receive_size)
		return MACH_RCV_TOO_LARGE;
	if (!replies_arrive_as_they_are) {
		kernel_transfer(reply, transfer(server_is_kernel, client_is_kernel));
		record_message(RECORD_RETURNED, reply);
	}
	memcpy(header, reply, reply->msgh_size);
	return MACH_MSG_SUCCESS;
}

/* What the kernel's own stubs send with. */

extern mach_msg_return_t mach_msg_send_from_kernel(mach_msg_header_t *header, mach_msg_size_t size);
extern mach_msg_return_t mach_msg_rpc_from_kernel(mach_msg_header_t *header,
						  mach_msg_size_t send_size,
						  mach_msg_size_t receive_size);

mach_msg_return_t mach_msg_send_from_kernel(mach_msg_header_t *header, mach_msg_size_t size)
{
	return mach_msg(header, MACH_SEND_MSG, size, 0, MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE,
			MACH_PORT_NULL);
}

mach_msg_return_t mach_msg_rpc_from_kernel(mach_msg_header_t *header, mach_msg_size_t send_size,
					   mach_msg_size_t receive_size)
{
	return mach_msg(header, MACH_SEND_MSG | MACH_RCV_MSG, send_size, receive_size, REPLY_PORT,
			MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

/* What libc gives to stubs. */

mach_port_t mig_get_reply_port(void)
{
	return REPLY_PORT;
}

void mig_put_reply_port(mach_port_t port)
{
	(void)port;
}

void mig_dealloc_reply_port(mach_port_t port)
{
	record_word(RECORD_REPLY_PORT, port);
}

void mig_allocate(vm_address_t *address, vm_size_t size)
{
	*address = (vm_address_t)memory_allocate(size);
}

void mig_deallocate(vm_address_t address, vm_size_t size)
{
	record_word(RECORD_FREED, size);
	if (address != 0)
		CHECK(memory_release((void *)address), "a stub deallocated memory that is none");
}

vm_size_t mig_strncpy(char *destination, const char *source, vm_size_t size)
{
	vm_size_t i;

	if (size == 0)
		return 0;
	for (i = 0; i < size - 1 && source[i] != '\0'; i++)
		destination[i] = source[i];
	destination[i] = '\0';
	return i;
}

void runner_drop(const char *what, const void *object)
{
	uint32_t name = (uintptr_t)object;
	char text[64];

	record(RECORD_DROPPED, text, snprintf(text, sizeof text, "%s %#x", what, name));
}

/* The one reference that a header of Mach's declares a function for. */
extern void device_deallocate(void *device);
void device_deallocate(void *device)
{
	runner_drop("device_t", device);
}

/* Input. */

static bool read_word(uint32_t *word)
{
	return fread(word, sizeof *word, 1, stdin) == 1;
}

static bool read_blob(struct blob *blob)
{
	blob->at = 0;
	if (!read_word(&blob->size))
		return false;
	free(blob->data);
	blob->data = malloc(blob->size + 1);
	CHECK(blob->data != NULL, "out of memory");
	return fread(blob->data, 1, blob->size, stdin) == blob->size;
}

/* Hand a request to the server as it stands: { u32 count; { u32 at; u32 size; bytes }; message }. */
static void deliver(void)
{
	uint32_t regions = runner_take_word();
	struct { uint32_t at; void *memory; } region[16];
	unsigned char *request;
	uint32_t size, i;

	CHECK(regions <= 16, "too many regions");
	for (i = 0; i < regions; i++) {
		region[i].at = runner_take_word();
		region[i].memory = runner_take_memory(runner_take_word());
	}
	size = arguments.size - arguments.at;
	request = malloc(size);
	CHECK(request != NULL, "out of memory");
	runner_take(request, size);
	for (i = 0; i < regions; i++)
		memcpy(request + region[i].at, &region[i].memory, sizeof(void *));
	answer(request, reply_buffer());
	free(request);
}

static void *symbol(void *library, const char *name)
{
	void *address = dlsym(library, name);

	CHECK(address != NULL, dlerror());
	return address;
}

int main(int argc, char **argv)
{
	void *client, *server;
	void (*call)(uint32_t);
	uint32_t operation, routine;

	CHECK(argc == 4, "usage: runner CLIENT.so SERVER.so FILL");
	client = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	CHECK(client != NULL, dlerror());
	server = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
	CHECK(server != NULL, dlerror());
	fill = strtoul(argv[3], NULL, 0);
	*(void **)&call = symbol(client, "driver_call");
	*(void **)&serve = symbol(server, "driver_serve");
	client_is_kernel = *(const int *)symbol(client, "driver_is_kernel");
	server_is_kernel = *(const int *)symbol(server, "driver_is_kernel");
	replies_arrive_as_they_are = dlsym(server, "driver_is_the_peer") != NULL;
	while (read_word(&operation)) {
		CHECK(read_word(&routine) && read_blob(&arguments) && read_blob(&results),
		      "the input ends in the middle of a vector");
		taking = &arguments;
		if (operation == OPERATION_CALL) {
			call(routine);
			record_saw(RECORD_RESULTS);
		} else {
			deliver();
		}
		memory_release_all(record_left);
		record(RECORD_END, NULL, 0);
		fflush(stdout);
	}
	return 0;
}
