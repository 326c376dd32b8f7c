/*
 * The relay: a boot task that forwards messages between the mailbox and the
 * ports on offer.  It looks into a message only for out-of-line regions and
 * port rights.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "mach_port.h"
#include "mailbox.h"
#include "message.h"
#include "rights.h"
#include "runtime.h"
#include "workload.h"

#define MESSAGE_MAX 16384u
#define MONITOR_FIRST 2072 /* perf_monitor.defs */
#define MONITOR_LAST 2088
#define CANCEL_CHECK_MS 100 /* how often a call looks whether it was cancelled */
#define PATIENCE_CHECKS 3   /* before it makes way for others, if none waits yet */
#define SEND_CHECKS 10	    /* before a full queue is given up */
#define IDLE_MS 10
#define IDLE_SPIN (UINT64_C(1) << 24) /* clock ticks before the relay sleeps */

static struct mailbox mailbox;
static uint32_t served[MAILBOX_CHANNELS]; /* the last sequence of each channel */
static mach_port_t reply_port;

/* The message on its way; the kernel reads and writes it in place. */
static union {
	mach_msg_header_t header;
	unsigned char bytes[MESSAGE_MAX];
} message;

static inline uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static boolean_t on_offer(mach_port_t name)
{
	for (uint32_t at = 0; at < mailbox.header->port_count; at++)
		if (mailbox.header->ports[at].name == name)
			return TRUE;
	return FALSE;
}

/*
 * Copy the request from its slot.  Its regions go to memory of the task at
 * *memory, which the caller frees unless *memory_size is 0.
 */
static mach_msg_return_t take_request(vm_offset_t *memory, vm_size_t *memory_size)
{
	volatile struct mailbox_slot *slot = mailbox.request;
	uint32_t size = slot->size, region_size = slot->region_size;
	uint32_t offset = sizeof(mach_msg_header_t), used = 0;
	struct message_region region;

	*memory = 0;
	*memory_size = 0;
	if (size < sizeof(mach_msg_header_t) || size > MESSAGE_MAX)
		return MACH_SEND_MSG_TOO_SMALL;
	if (region_size > mailbox.request_space - mailbox_padded(size))
		return MACH_SEND_INVALID_MEMORY;
	memcpy(&message, (const void *)slot->data, size);
	if (message.header.msgh_size != size)
		return MACH_SEND_MSG_TOO_SMALL;
	if (region_size > 0) {
		if (syscall_vm_allocate(mach_task_self(), memory, region_size, TRUE) !=
		    KERN_SUCCESS)
			return MACH_SEND_NO_BUFFER;
		*memory_size = region_size;
		memcpy((void *)*memory, (const void *)(slot->data + mailbox_padded(size)),
		       region_size);
	}
	while (message_next_region(&message.header, &offset, &region)) {
		if (region.size > region_size - used)
			return MACH_SEND_INVALID_MEMORY;
		*region.address = *memory + used;
		used = used + mailbox_padded(region.size) < region_size
			       ? used + mailbox_padded(region.size)
			       : region_size;
	}
	return offset > size ? MACH_SEND_INVALID_TYPE : MACH_MSG_SUCCESS;
}

/*
 * Address the message: the header's rights are this task's own matter, so a
 * client can neither take a port on offer away nor have the reply elsewhere.
 */
static mach_msg_return_t address_message(void)
{
	mach_port_t remote = message.header.msgh_remote_port;
	mach_msg_bits_t rights = on_offer(remote) ? MACH_MSG_TYPE_COPY_SEND : rights_use(remote);
	mach_msg_return_t result;

	if (rights == 0)
		return MACH_SEND_INVALID_DEST;
	result = rights_check(&message.header, on_offer);
	if (result != MACH_MSG_SUCCESS)
		return result;
	if (message.header.msgh_local_port != MACH_PORT_NULL) {
		message.header.msgh_local_port = reply_port;
		rights |= MACH_MSGH_BITS(0, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	}
	message.header.msgh_bits = rights | (message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX);
	return MACH_MSG_SUCCESS;
}

/* What is on its way to the reply port goes with it. */
static void renew_reply_port(void)
{
	mach_port_mod_refs(mach_task_self(), reply_port, MACH_PORT_RIGHT_RECEIVE, -1);
	reply_port = mach_reply_port();
}

/* The reply of this call goes on to a port of the client's. */
static mach_msg_return_t leave_in_progress(void)
{
	*(volatile uint32_t *)mailbox.reply->data = reply_port;
	mailbox.reply->size = sizeof(uint32_t);
	reply_port = mach_reply_port();
	return MAILBOX_IN_PROGRESS;
}

static boolean_t others_wait(void)
{
	volatile struct mailbox_channel *channels = mailbox.header->channels;

	for (uint32_t at = 0; at < MAILBOX_CHANNELS; at++)
		if (&channels[at] != mailbox.channel && channels[at].requested != served[at])
			return TRUE;
	return FALSE;
}

/* The kernel's monitor answers whatever has one of its ids, and does not block. */
static boolean_t is_answered_at_once(mach_port_t remote)
{
	return message.header.msgh_id >= MONITOR_FIRST && message.header.msgh_id <= MONITOR_LAST &&
	       (remote == mailbox.header->ports[0].name || remote == guest_host_port);
}

/*
 * Send the message, and receive a reply that is there at once.  What waits for
 * no limited time takes the kernel's shortest way.
 */
static mach_msg_return_t send_message(uint32_t code)
{
	mach_msg_option_t options = MACH_SEND_MSG | MACH_SEND_TIMEOUT;
	mach_port_t receiver = MACH_PORT_NULL;

	if (code == MAILBOX_CALL) {
		options |= MACH_RCV_MSG | MACH_RCV_TIMEOUT;
		receiver = reply_port;
		if (message.header.msgh_local_port != MACH_PORT_NULL &&
		    is_answered_at_once(message.header.msgh_remote_port))
			options = MACH_SEND_MSG | MACH_RCV_MSG;
	}
	return mach_msg(&message.header, options, message.header.msgh_size, sizeof(message),
			receiver, CANCEL_CHECK_MS, MACH_PORT_NULL);
}

/*
 * Send the message and receive its reply into its place.  A message that could
 * not be sent may have left word at the reply port that nobody will answer it.
 */
static mach_msg_return_t exchange(uint32_t code, uint32_t sequence)
{
	mach_msg_return_t result;

	result = address_message();
	if (result != MACH_MSG_SUCCESS)
		return result;
	for (uint32_t check = 1;; check++) {
		result = send_message(code);
		if (result != MACH_SEND_TIMED_OUT || check == SEND_CHECKS)
			break;
	}
	if (code == MAILBOX_SEND)
		message.header.msgh_size = 0;
	for (uint32_t check = 1; result == MACH_RCV_TIMED_OUT; check++) {
		if (mailbox.channel->requested != sequence)
			break;
		if ((check >= PATIENCE_CHECKS || others_wait()) && rights_adopt(reply_port))
			return leave_in_progress();
		result = mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
				  sizeof(message), reply_port, CANCEL_CHECK_MS, MACH_PORT_NULL);
	}
	if (result != MACH_MSG_SUCCESS)
		renew_reply_port();
	return result;
}

/* Write the reply's message and regions into its slot, and free the regions. */
static mach_msg_return_t give_reply(void)
{
	volatile struct mailbox_slot *slot = mailbox.reply;
	uint32_t size = message.header.msgh_size;
	uint32_t offset = sizeof(mach_msg_header_t), used = mailbox_padded(size);
	mach_msg_return_t result = MACH_MSG_SUCCESS;
	struct message_region region;

	rights_take(&message.header);
	while (message_next_region(&message.header, &offset, &region)) {
		if (region.size > mailbox.reply_space - used)
			result = MACH_RCV_BODY_ERROR;
		else {
			memcpy((void *)(slot->data + used), (const void *)*region.address,
			       region.size);
			used += mailbox_padded(region.size);
		}
		if (region.size > 0)
			syscall_vm_deallocate(mach_task_self(), *region.address, region.size);
		*region.address = 0;
	}
	memcpy((void *)slot->data, &message, size);
	slot->size = size;
	slot->region_size = used - mailbox_padded(size);
	return result;
}

static mach_msg_return_t forward(uint32_t code, uint32_t sequence)
{
	vm_offset_t memory;
	vm_size_t memory_size;
	mach_msg_return_t result;

	result = take_request(&memory, &memory_size);
	/* A client may have died and another begun to write meanwhile. */
	if (result == MACH_MSG_SUCCESS && mailbox.channel->requested == sequence)
		result = exchange(code, sequence);
	if (memory_size > 0)
		syscall_vm_deallocate(mach_task_self(), memory, memory_size);
	if (result == MACH_MSG_SUCCESS && code == MAILBOX_CALL)
		result = give_reply();
	return result;
}

static mach_msg_return_t allocate_port(void)
{
	mach_port_t name = rights_allocate();

	if (name == MACH_PORT_NULL)
		return MACH_SEND_NO_BUFFER;
	*(volatile uint32_t *)mailbox.reply->data = name;
	mailbox.reply->size = sizeof(uint32_t);
	return MACH_MSG_SUCCESS;
}

static mach_msg_return_t receive(mach_port_t name)
{
	mach_msg_return_t result;

	if (!rights_receive(name))
		return MACH_RCV_INVALID_NAME;
	result = mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message),
			  name, 0, MACH_PORT_NULL);
	return result == MACH_MSG_SUCCESS ? give_reply() : result;
}

/* FALSE: there was nothing to do. */
static boolean_t serve(uint32_t sequence)
{
	uint32_t code = mailbox.request->code;
	mach_port_t name = *(volatile uint32_t *)mailbox.request->data;
	mach_msg_return_t result = MACH_MSG_SUCCESS;

	mailbox.reply->size = 0;
	mailbox.reply->region_size = 0;
	switch (code) {
	case MAILBOX_ALLOCATE:
		result = allocate_port();
		break;
	case MAILBOX_RECEIVE:
		result = receive(name);
		break;
	case MAILBOX_DESTROY:
		rights_destroy(name);
		break;
	default:
		result = forward(code, sequence);
	}
	mailbox.reply->code = (uint32_t)result;
	__asm__ volatile("" : : : "memory");
	mailbox.channel->answered = sequence;
	return code != MAILBOX_RECEIVE || result == MACH_MSG_SUCCESS;
}

/* One request of each channel.  FALSE: there was nothing to do. */
static boolean_t serve_in_turn(void)
{
	boolean_t busy = FALSE;

	for (uint32_t at = 0; at < MAILBOX_CHANNELS; at++) {
		uint32_t sequence = mailbox.header->channels[at].requested;

		if (sequence == served[at])
			continue;
		served[at] = sequence;
		mailbox_select(&mailbox, at);
		busy |= serve(sequence);
	}
	return busy;
}

void guest_main(void)
{
	mach_port_t workload;
	kern_return_t result;
	uint64_t last;

	result = mailbox_open(&mailbox);
	if (result != KERN_SUCCESS)
		guest_fail("relay: no shared memory", result);
	result = workload_start(&workload);
	if (result != KERN_SUCCESS)
		guest_fail("relay: no workload server", result);
	reply_port = mach_reply_port();
	/* Their table is touched now, so that no later call's count has its fault. */
	rights_destroy(rights_allocate());
	mailbox_offer(&mailbox, "host", mach_host_self());
	mailbox_offer(&mailbox, "host-priv", guest_host_port);
	mailbox_offer(&mailbox, "workload", workload);
	/* Not the port itself, whose name a right may have once another has taken its place. */
	mailbox_announce(&mailbox, mach_reply_port());
	guest_print("relay: ready");

	/* No pause instruction: an emulated one leaves the emulator's loop. */
	for (last = ticks();;) {
		if (serve_in_turn())
			last = ticks();
		else if (ticks() - last >= IDLE_SPIN)
			guest_sleep(IDLE_MS);
	}
}
