/*
 * Messages between spaces: checked, translated, queued and destroyed.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "embedded_kmsg.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <mach/notify.h>

/* A descriptor of a message and where its data is. */
struct item {
	mach_msg_type_t *type;
	uint32_t name;
	uint64_t bytes; /* of data, inline or not */
	uint64_t number;
	void *data; /* the items, or the pointer to them */
};

static uint64_t
align(uint64_t offset)
{
	return (offset + sizeof(uintptr_t) - 1) & ~(uint64_t)(sizeof(uintptr_t) - 1);
}

/* *offset moves behind the item; false: it does not fit the message. */
static bool
next_item(mach_msg_header_t *message, uint64_t *offset, struct item *item)
{
	uint64_t left = message->msgh_size - *offset, bits, used;
	mach_msg_type_t *type = (mach_msg_type_t *)((char *)message + *offset);

	if (left < sizeof *type)
		return false;
	used = type->msgt_longform ? sizeof(mach_msg_type_long_t) : sizeof *type;
	if (left < used)
		return false;
	item->type = type;
	item->name = type->msgt_name;
	item->number = type->msgt_number;
	bits = type->msgt_size;
#ifndef __LP64__
	if (type->msgt_longform) {
		mach_msg_type_long_t *longform = (mach_msg_type_long_t *)type;

		item->name = longform->msgtl_name;
		item->number = longform->msgtl_number;
		bits = longform->msgtl_size;
	}
#endif
	item->bytes = (item->number * bits + 7) / 8;
	item->data = (char *)type + used;
	used += type->msgt_inline ? item->bytes : sizeof(void *);
	if (left < used)
		return false;
	*offset = align(*offset + used);
	if (*offset > message->msgh_size)
		*offset = message->msgh_size;
	return true;
}

static void *
pointer_in(const struct item *item)
{
	void *pointer;

	memcpy(&pointer, item->data, sizeof pointer);
	return pointer;
}

static bool
carries_rights(const struct item *item)
{
	return MACH_MSG_TYPE_PORT_ANY(item->name);
}

/*
 * Out-of-line memory enters from the kernel's side alone: no routine served
 * here takes any from a task.
 */
static mach_msg_return_t
check_body(struct space *space, mach_msg_header_t *message)
{
	uint64_t offset = sizeof *message;
	uint32_t rights = 0;
	struct item item;

	while (offset < message->msgh_size) {
		if (!next_item(message, &offset, &item))
			return MACH_SEND_MSG_TOO_SMALL;
		if (!item.type->msgt_inline) {
			if (carries_rights(&item))
				return MACH_SEND_INVALID_TYPE;
			if (item.bytes != 0 && space != kernel_space)
				return MACH_SEND_INVALID_MEMORY;
			continue;
		}
		if (!carries_rights(&item))
			continue;
		if (item.bytes != item.number * sizeof(mach_port_name_inlined_t))
			return MACH_SEND_INVALID_TYPE;
		for (uint64_t i = 0; i < item.number; i++) {
			mach_port_name_inlined_t *port = item.data;

			if (port[i].name == MACH_PORT_NULL)
				continue;
			if (++rights > KMSG_RIGHTS_MAX
			    || !right_check(space, port[i].name, item.name))
				return MACH_SEND_INVALID_RIGHT;
		}
	}
	return MACH_MSG_SUCCESS;
}

static void
take_body(struct space *space, struct kmsg *kmsg)
{
	mach_msg_header_t *message = &kmsg->header;
	uint64_t offset = sizeof *message;
	struct item item;

	while (offset < message->msgh_size && next_item(message, &offset, &item)) {
		uint32_t sent = item.name;

		if (!item.type->msgt_inline) {
			item.type->msgt_deallocate = TRUE;
			/* A pointer to nothing may hold anything. */
			if (item.bytes == 0)
				memset(item.data, 0, sizeof(void *));
			continue;
		}
		if (!carries_rights(&item))
			continue;
		for (uint64_t i = 0; i < item.number; i++) {
			mach_port_name_inlined_t *port =
				(mach_port_name_inlined_t *)item.data + i;
			struct kmsg_right *right = &kmsg->rights[kmsg->right_count];

			if (port->name == MACH_PORT_NULL)
				continue;
			right->offset = (char *)port - (char *)message;
			right->port = right_take(space, port->name, item.name, &sent);
			right->sent = sent;
			port->name = MACH_PORT_NULL;
			if (right->port != NULL)
				kmsg->right_count++;
		}
		item.type->msgt_name = item.name == MACH_MSG_TYPE_MAKE_SEND_ONCE
					       ? MACH_MSG_TYPE_PORT_SEND_ONCE
				       : item.name == MACH_MSG_TYPE_COPY_SEND
						       || item.name == MACH_MSG_TYPE_MAKE_SEND
					       ? MACH_MSG_TYPE_PORT_SEND
					       : item.name;
	}
}

static bool
sends(uint32_t disposition)
{
	return disposition >= MACH_MSG_TYPE_MOVE_SEND
	       && disposition <= MACH_MSG_TYPE_MAKE_SEND_ONCE;
}

static mach_msg_return_t
check_header(struct space *space, const mach_msg_header_t *message)
{
	uint32_t remote = MACH_MSGH_BITS_REMOTE(message->msgh_bits);
	uint32_t local = MACH_MSGH_BITS_LOCAL(message->msgh_bits);

	if ((message->msgh_bits & ~(MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS_PORTS_MASK))
	    || !sends(remote) || (local != 0 && !sends(local))
	    || (local == 0 && message->msgh_local_port != MACH_PORT_NULL))
		return MACH_SEND_INVALID_HEADER;
	if (!right_check(space, message->msgh_remote_port, remote))
		return MACH_SEND_INVALID_DEST;
	if (message->msgh_local_port != MACH_PORT_NULL
	    && !right_check(space, message->msgh_local_port, local))
		return MACH_SEND_INVALID_REPLY;
	return MACH_MSG_SUCCESS;
}

mach_msg_return_t
kmsg_copyin(struct space *space, const mach_msg_header_t *message, uint32_t size,
	    mach_port_t reply, struct kmsg **taken)
{
	mach_msg_return_t mr;
	struct kmsg *kmsg;
	mach_msg_header_t *header;

	if (size < sizeof *message || size % sizeof(uint32_t) != 0)
		return MACH_SEND_MSG_TOO_SMALL;
	if (size > KMSG_SIZE_MAX)
		return MACH_SEND_NO_BUFFER;
	kmsg = malloc(offsetof(struct kmsg, header) + align(size));
	if (kmsg == NULL)
		return MACH_SEND_NO_BUFFER;
	header = &kmsg->header;
	memcpy(header, message, size);
	header->msgh_size = size;
	if (reply != MACH_PORT_NULL)
		header->msgh_local_port = reply;
	kmsg->right_count = 0;

	mr = check_header(space, header);
	if (mr == MACH_MSG_SUCCESS && (header->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		mr = check_body(space, header);
	if (mr != MACH_MSG_SUCCESS) {
		free(kmsg);
		return mr;
	}
	kmsg->destination = right_take(space, header->msgh_remote_port,
				       MACH_MSGH_BITS_REMOTE(header->msgh_bits),
				       &kmsg->destination_sent);
	kmsg->reply = NULL;
	kmsg->reply_sent = 0;
	if (header->msgh_local_port != MACH_PORT_NULL)
		kmsg->reply = right_take(space, header->msgh_local_port,
					 MACH_MSGH_BITS_LOCAL(header->msgh_bits),
					 &kmsg->reply_sent);
	if (header->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		take_body(space, kmsg);
	*taken = kmsg;
	return MACH_MSG_SUCCESS;
}

void
kmsg_copyout(struct kmsg *kmsg, struct space *space, mach_msg_header_t *message)
{
	mach_msg_header_t *header = &kmsg->header;

	memcpy(message, header, header->msgh_size);
	message->msgh_bits = (header->msgh_bits & MACH_MSGH_BITS_COMPLEX)
			     | MACH_MSGH_BITS(kmsg->reply_sent, kmsg->destination_sent);
	message->msgh_remote_port_do_not_use = 0;
	message->msgh_protected_payload = 0;
	message->msgh_seqno = 0;
	/* It arrives where the receive right is named. */
	message->msgh_local_port = kmsg->destination->name;
	if (kmsg->reply != NULL)
		message->msgh_remote_port = right_put(space, kmsg->reply, kmsg->reply_sent);
	for (uint32_t i = 0; i < kmsg->right_count; i++) {
		mach_port_name_inlined_t name = {{0}};

		name.name = right_put(space, kmsg->rights[i].port, kmsg->rights[i].sent);
		memcpy((char *)message + kmsg->rights[i].offset, &name, sizeof name);
	}
	port_release(kmsg->destination);
	free(kmsg);
}

static void
free_memory(mach_msg_header_t *message)
{
	uint64_t offset = sizeof *message;
	struct item item;

	if (!(message->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	while (offset < message->msgh_size && next_item(message, &offset, &item))
		if (!item.type->msgt_inline)
			free(pointer_in(&item));
}

void
kmsg_destroy(struct kmsg *kmsg)
{
	free_memory(&kmsg->header);
	for (uint32_t i = 0; i < kmsg->right_count; i++)
		right_drop(kmsg->rights[i].port, kmsg->rights[i].sent);
	if (kmsg->reply != NULL)
		right_drop(kmsg->reply, kmsg->reply_sent);
	port_release(kmsg->destination);
	free(kmsg);
}

void
kmsg_enqueue(struct port *port, struct kmsg *kmsg)
{
	kmsg->next = NULL;
	if (port->first == NULL)
		port->first = kmsg;
	else
		port->last->next = kmsg;
	port->last = kmsg;
	port->queued++;
	pthread_cond_signal(&port->arrived);
}

struct kmsg *
kmsg_dequeue(struct port *port)
{
	struct kmsg *kmsg = port->first;

	port->first = kmsg->next;
	port->queued--;
	pthread_cond_signal(&port->room);
	return kmsg;
}

void
kmsg_notify_send_once(struct port *port)
{
	struct kmsg *kmsg = calloc(1, sizeof *kmsg);

	if (kmsg == NULL)
		return;
	kmsg->header.msgh_size = sizeof kmsg->header;
	kmsg->header.msgh_id = MACH_NOTIFY_SEND_ONCE;
	kmsg->destination = port;
	kmsg->destination_sent = MACH_MSG_TYPE_PORT_SEND_ONCE;
	port->references++;
	kmsg_enqueue(port, kmsg);
}

void
kmsg_destroy_body(struct space *space, mach_msg_header_t *message)
{
	uint64_t offset = sizeof *message;
	struct item item;

	free_memory(message);
	if (!(message->msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	while (offset < message->msgh_size && next_item(message, &offset, &item)) {
		const mach_port_name_inlined_t *port = item.data;

		if (!item.type->msgt_inline || !carries_rights(&item))
			continue;
		for (uint64_t i = 0; i < item.number; i++) {
			uint32_t sent;
			struct port *taken =
				right_take(space, port[i].name, item.name, &sent);

			if (taken != NULL)
				right_drop(taken, sent);
		}
	}
}
