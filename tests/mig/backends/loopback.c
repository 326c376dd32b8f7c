/*
 * A client and a server of loopback.defs in one process, with as much of a
 * kernel between them as turning a message round takes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/mig_errors.h>
#include <mach/mig_support.h>

#include "loopback_server.h"
#include "loopback_user.h"

extern boolean_t loopback_server(mach_msg_header_t *in, mach_msg_header_t *out);

enum { REPLY_PORT = 77, MANY = 1000 };

static int failures;
static int freed;
static int out_of_memory;
static int released;
static int simple_value;

#define EXPECT(condition)                                             \
	do {                                                          \
		if (!(condition)) {                                   \
			printf("%d: %s\n", __LINE__, #condition);     \
			failures++;                                   \
		}                                                     \
	} while (0)

/* The kernel. */

static uint64_t request_space[1024];
static uint64_t reply_space[1024];

mach_port_t mig_get_reply_port(void) { return REPLY_PORT; }
void mig_put_reply_port(mach_port_t port) { EXPECT(port == REPLY_PORT); }
void mig_dealloc_reply_port(mach_port_t port) { EXPECT(port == REPLY_PORT); }
void mig_deallocate(vm_address_t address, vm_size_t size)
{
	EXPECT(address != 0 && size == MANY * sizeof(int));
	freed++;
}
void mig_allocate(vm_address_t *address, vm_size_t size)
{
	*address = out_of_memory ? 0 : (vm_address_t) malloc(size);
}
vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size)
{
	strncpy(to, from, size - 1);
	to[size - 1] = '\0';
	return strlen(to);
}

static unsigned int received_name(unsigned int name)
{
	switch (name) {
	case MACH_MSG_TYPE_COPY_SEND:
	case MACH_MSG_TYPE_MAKE_SEND:
		return MACH_MSG_TYPE_MOVE_SEND;
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return MACH_MSG_TYPE_MOVE_SEND_ONCE;
	default:
		return name;
	}
}

/* What the kernel does to descriptors on the way. */
static void carry(mach_msg_header_t *message)
{
	char *at = (char *) (message + 1), *end = (char *) message + message->msgh_size;

	while (at < end) {
		mach_msg_type_t *type = (mach_msg_type_t *) at;
		unsigned int long_form = type->msgt_longform && sizeof(mach_msg_type_long_t) > sizeof *type;
		mach_msg_type_long_t *long_type = (mach_msg_type_long_t *) at;
		unsigned int size, number;

		if (long_form) {
			size = long_type->msgtl_size;
			number = long_type->msgtl_number;
			long_type->msgtl_name = received_name(long_type->msgtl_name);
			at += sizeof *long_type;
		} else {
			size = type->msgt_size;
			number = type->msgt_number;
			type->msgt_name = received_name(type->msgt_name);
			at += sizeof *type;
		}
		if (type->msgt_inline) {
			size_t bytes = (size_t) size * number / 8;
			at += (bytes + sizeof(uintptr_t) - 1) / sizeof(uintptr_t) * sizeof(uintptr_t);
		} else {
			EXPECT(message->msgh_bits & MACH_MSGH_BITS_COMPLEX);
			type->msgt_deallocate = TRUE;
			at += sizeof(uintptr_t);
		}
	}
	EXPECT(at == end);
}

mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t receive_size, mach_port_t receive_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	mach_msg_header_t *request = (mach_msg_header_t *) request_space;
	mach_msg_header_t *reply = (mach_msg_header_t *) reply_space;
	mach_msg_bits_t bits = message->msgh_bits;

	EXPECT(send_size == message->msgh_size && timeout == 0 && notify == 0);
	memset(request_space, 0xee, sizeof request_space);
	memset(reply_space, 0xee, sizeof reply_space);
	memcpy(request, message, send_size);
	request->msgh_local_port = message->msgh_remote_port;
	request->msgh_remote_port = message->msgh_local_port;
	request->msgh_bits = (bits & MACH_MSGH_BITS_COMPLEX)
		| MACH_MSGH_BITS(received_name(MACH_MSGH_BITS_LOCAL(bits)),
			received_name(MACH_MSGH_BITS_REMOTE(bits)));
	carry(request);
	EXPECT(loopback_server(request, reply));
	if (!(option & MACH_RCV_MSG))
		return MACH_MSG_SUCCESS;
	EXPECT(receive_name == REPLY_PORT && reply->msgh_remote_port == REPLY_PORT);
	if (((mig_reply_header_t *) reply)->RetCode != KERN_SUCCESS)
		EXPECT(reply->msgh_size == sizeof(mig_reply_header_t));
	carry(reply);
	EXPECT(reply->msgh_size <= receive_size);
	memcpy(message, reply, reply->msgh_size);
	return MACH_MSG_SUCCESS;
}

/* The server. */

struct loop_object {
	mach_port_t port;
};
static struct loop_object objects[64];

loop_object_t object_of_port(mach_port_t port)
{
	objects[port].port = port;
	return &objects[port];
}
mach_port_t port_of_object(loop_object_t object) { return object->port; }
void object_release(loop_object_t object)
{
	EXPECT(object->port != 0);
	released++;
}

kern_return_t serve_loop_scalars(mach_port_t port, int small, uint64_t large, uint64_t *sum, int *both)
{
	if (port != 11)
		return KERN_INVALID_ARGUMENT;
	*sum = large + small;
	*both = -*both;
	return KERN_SUCCESS;
}

kern_return_t serve_loop_arrays(mach_port_t port, const loop_fixed_t fixed, const loop_bounded_t bounded,
	mach_msg_type_number_t boundedCnt, int tail, loop_fixed_t swapped, loop_bytes_t bytes,
	mach_msg_type_number_t *bytesCnt, loop_bounded_t doubled, mach_msg_type_number_t *doubledCnt, int *end)
{
	(void) port;
	for (int i = 0; i < 3; i++)
		swapped[i] = fixed[2 - i];
	EXPECT(*bytesCnt == 5);
	memcpy(bytes, "abc", 3);
	*bytesCnt = 3;
	for (mach_msg_type_number_t i = 0; i < boundedCnt; i++)
		doubled[i] = 2 * bounded[i];
	*doubledCnt = boundedCnt;
	*end = tail;
	return KERN_SUCCESS;
}

kern_return_t serve_loop_indefinite(mach_port_t port, const_loop_any_t given, mach_msg_type_number_t givenCnt,
	int middle, const_loop_any_t more, mach_msg_type_number_t moreCnt, loop_any_t *back,
	mach_msg_type_number_t *backCnt, loop_any_t *again, mach_msg_type_number_t *againCnt)
{
	(void) port;
	EXPECT(middle == 5 && *backCnt == 512 && *againCnt == 512);
	if (givenCnt > *backCnt)
		*back = malloc(givenCnt * sizeof **back);
	memcpy(*back, given, givenCnt * sizeof *given);
	*backCnt = givenCnt;
	if (moreCnt > *againCnt)
		*again = malloc(moreCnt * sizeof **again);
	memcpy(*again, more, moreCnt * sizeof *more);
	*againCnt = moreCnt;
	return KERN_SUCCESS;
}

kern_return_t serve_loop_memory(mach_port_t port, loop_far_t given, mach_msg_type_number_t givenCnt,
	loop_far_t *back, mach_msg_type_number_t *backCnt)
{
	(void) port;
	*back = given;
	*backCnt = givenCnt;
	return KERN_SUCCESS;
}

kern_return_t serve_loop_strings(mach_port_t port, const_loop_name_t name, const_loop_text_t text,
	int tail, loop_text_t greeting, loop_name_t title)
{
	(void) port;
	EXPECT(tail == 9);
	snprintf(greeting, sizeof(loop_text_t), "%s, %s", text, name);
	strcpy(title, "sir");
	return KERN_SUCCESS;
}

kern_return_t serve_loop_structs(mach_port_t port, loop_pair_t one, const loop_pairs_t many,
	mach_msg_type_number_t manyCnt, loop_pair_t *last, loop_pairs_t all, mach_msg_type_number_t *allCnt)
{
	(void) port;
	memcpy(all, many, manyCnt * sizeof *many);
	all[manyCnt] = one;
	*allCnt = manyCnt + 1;
	*last = many[manyCnt - 1];
	return KERN_SUCCESS;
}

kern_return_t serve_loop_rights(mach_port_t port, mach_port_t moved, const_loop_ports_t some,
	mach_msg_type_number_t someCnt, const loop_port_pair_t pair, mach_port_t any,
	mach_msg_type_name_t anyPoly, mach_port_t *first, mach_msg_type_name_t *firstPoly,
	loop_ports_t *reversed, mach_msg_type_number_t *reversedCnt, loop_port_pair_t couple)
{
	(void) port;
	EXPECT(any == 6 && anyPoly == MACH_MSG_TYPE_MOVE_SEND);
	*first = moved;
	*firstPoly = MACH_MSG_TYPE_MAKE_SEND_ONCE;
	for (mach_msg_type_number_t i = 0; i < someCnt; i++)
		(*reversed)[i] = some[someCnt - 1 - i];
	*reversedCnt = someCnt;
	couple[0] = pair[1];
	couple[1] = pair[0];
	return KERN_SUCCESS;
}

kern_return_t serve_loop_object(loop_object_t object, loop_object_t other, loop_object_t *same)
{
	EXPECT(object->port == 11);
	*same = other;
	return KERN_SUCCESS;
}

kern_return_t serve_loop_simple(mach_port_t port, int value)
{
	EXPECT(port == 11);
	simple_value = value;
	return MIG_NO_REPLY;
}

/* The client. */

static void try_scalars(void)
{
	uint64_t sum = 0;
	int both = 5;

	EXPECT(loop_scalars(11, 2, 1ULL << 40, &sum, &both) == KERN_SUCCESS);
	EXPECT(sum == (1ULL << 40) + 2 && both == -5);
	EXPECT(loop_scalars(12, 2, 3, &sum, &both) == KERN_INVALID_ARGUMENT);
}

static void try_arrays(void)
{
	loop_fixed_t fixed = { 1, 2, 3 }, swapped;
	loop_bounded_t bounded = { 4, 5, 6 }, doubled;
	loop_bytes_t bytes;
	mach_msg_type_number_t bytes_count = 5, doubled_count = 10;
	int end = 0;

	EXPECT(loop_arrays(11, fixed, bounded, 3, 8, swapped, bytes, &bytes_count, doubled,
		&doubled_count, &end) == KERN_SUCCESS);
	EXPECT(swapped[0] == 3 && swapped[2] == 1 && end == 8);
	EXPECT(bytes_count == 3 && memcmp(bytes, "abc", 3) == 0);
	EXPECT(doubled_count == 3 && doubled[2] == 12);
	EXPECT(loop_arrays(11, fixed, bounded, 11, 8, swapped, bytes, &bytes_count, doubled,
		&doubled_count, &end) == MIG_ARRAY_TOO_LARGE);
	bytes_count = 5;
	doubled_count = 2;
	EXPECT(loop_arrays(11, fixed, bounded, 3, 8, swapped, bytes, &bytes_count, doubled,
		&doubled_count, &end) == MIG_ARRAY_TOO_LARGE);
	EXPECT(doubled_count == 3 && doubled[1] == 10);
}

static void try_indefinite(void)
{
	static int few[2] = { 1, 2 }, many[MANY] = { [MANY - 1] = 7 };
	int room[512], *back = room, *again = room;
	mach_msg_type_number_t back_count = 1, again_count = 512;

	EXPECT(loop_indefinite(11, few, 2, 5, many, MANY, &back, &back_count, &again, &again_count)
		== KERN_SUCCESS);
	EXPECT(back != room && back_count == 2 && back[1] == 2);
	EXPECT(again != room && again_count == MANY && again[MANY - 1] == 7);
	EXPECT(freed == 1);
	back = again = room;
	back_count = again_count = 512;
	EXPECT(loop_indefinite(11, few, 0, 5, few, 2, &back, &back_count, &again, &again_count)
		== KERN_SUCCESS);
	EXPECT(back == room && back_count == 0 && again == room && again_count == 2);
	again_count = 1;
	out_of_memory = 1;
	EXPECT(loop_indefinite(11, few, 0, 5, few, 2, &back, &back_count, &again, &again_count)
		== KERN_RESOURCE_SHORTAGE);
	out_of_memory = 0;
	EXPECT(freed == 1);
}

static void try_memory_and_strings(void)
{
	static int far[4];
	int *back = NULL;
	mach_msg_type_number_t count = 0;
	loop_text_t greeting;
	loop_name_t title;

	EXPECT(loop_memory(11, far, 4, &back, &count) == KERN_SUCCESS);
	EXPECT(back == far && count == 4);
	EXPECT(loop_strings(11, "world", "hello", 9, greeting, title) == KERN_SUCCESS);
	EXPECT(strcmp(greeting, "hello, world") == 0 && strcmp(title, "sir") == 0);
}

static void try_structs(void)
{
	loop_pair_t one = { 1, 2 }, last;
	loop_pairs_t many = { { 3, 4 }, { 5, 6 } }, all;
	mach_msg_type_number_t count = 4;

	EXPECT(loop_structs(11, one, many, 2, &last, all, &count) == KERN_SUCCESS);
	EXPECT(last.first == 5 && count == 3 && all[2].second == 2);
	EXPECT(loop_structs(11, one, many, 4, &last, all, &count) == MIG_ARRAY_TOO_LARGE);
}

static void try_rights(void)
{
	mach_port_t some[3] = { 3, 4, 5 }, first = 0, room[3], *reversed = room;
	loop_port_pair_t pair = { 8, 9 }, couple;
	mach_msg_type_number_t count = 3;

	EXPECT(loop_rights(11, 21, some, 3, pair, 6, MACH_MSG_TYPE_COPY_SEND, &first, &reversed,
		&count, couple) == KERN_SUCCESS);
	EXPECT(first == 21 && reversed == room && count == 3);
	EXPECT(reversed[0] == 5 && reversed[2] == 3 && couple[0] == 9 && couple[1] == 8);
}

static void try_the_rest(void)
{
	mach_port_t same = 0;

	EXPECT(loop_object(11, 13, &same) == KERN_SUCCESS && same == 13 && released == 2);
	EXPECT(loop_simple(11, 42) == MACH_MSG_SUCCESS && simple_value == 42);
	EXPECT(loop_missing(11) == MIG_EOPNOTSUPP);
}

static void try_unknown_ids(void)
{
	static const int ids[] = { 699, 708, 711, -1, 0x7fffffff, -0x7fffffff - 1 };

	for (unsigned int i = 0; i < sizeof ids / sizeof *ids; i++) {
		mach_msg_header_t request = { .msgh_id = ids[i] };
		mig_reply_header_t reply;

		EXPECT(!loopback_server(&request, &reply.Head));
		EXPECT(reply.RetCode == MIG_BAD_ID);
		EXPECT(loopback_server_routine(&request) == 0);
	}
}

int main(void)
{
	try_scalars();
	try_arrays();
	try_indefinite();
	try_memory_and_strings();
	try_structs();
	try_rights();
	try_the_rest();
	try_unknown_ids();
	return failures != 0;
}
