/*
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mach/message.h>

#include "kernel.h"
#include "memory.h"

#define WORD sizeof(uintptr_t) /* alignment of descriptors and data */

/* One descriptor, in the terms both of its forms share. */
struct item {
	mach_msg_type_t *type;
	unsigned char *data; /* the inline data or the pointer */
	unsigned int name;
	unsigned int size; /* of an element, bits */
	size_t number;
	bool is_inline;
};

struct walk {
	unsigned char *at;
	unsigned char *end;
};

static void malformed(const char *text)
{
	fflush(stdout);
	fprintf(stderr, "runner: malformed message: %s\n", text);
	exit(2);
}

static size_t align(size_t size)
{
	return (size + WORD - 1) & ~(WORD - 1);
}

static size_t item_bytes(const struct item *item)
{
	return (item->number * item->size + 7) / 8;
}

static void *item_pointer(const struct item *item)
{
	void *pointer;

	memcpy(&pointer, item->data, sizeof pointer);
	return pointer;
}

static bool is_right(unsigned int name)
{
	return MACH_MSG_TYPE_PORT_ANY(name);
}

static struct walk walk_begin(void *message)
{
	mach_msg_header_t *header = message;

	if (header->msgh_size < sizeof *header || header->msgh_size % WORD != 0)
		malformed("its size");
	return (struct walk){
		.at = (unsigned char *)(header + 1),
		.end = (unsigned char *)message + header->msgh_size,
	};
}

static bool walk_next(struct walk *walk, struct item *item)
{
	mach_msg_type_t *type = (mach_msg_type_t *)walk->at;
	mach_msg_type_long_t *longer = (mach_msg_type_long_t *)walk->at;
	size_t left = walk->end - walk->at, header, body;

	if (left == 0)
		return false;
	if (left < sizeof *type || (type->msgt_longform && left < sizeof *longer))
		malformed("a descriptor is cut off");
	header = type->msgt_longform ? sizeof *longer : sizeof *type;
	*item = (struct item){
		.type = type,
		.data = walk->at + header,
		.name = type->msgt_longform ? longer->msgtl_name : type->msgt_name,
		.size = type->msgt_longform ? longer->msgtl_size : type->msgt_size,
		.number = type->msgt_longform ? longer->msgtl_number : type->msgt_number,
		.is_inline = type->msgt_inline,
	};
	body = align(item->is_inline ? item_bytes(item) : sizeof(void *));
	if (left - header < body)
		malformed("data is cut off");
	walk->at += header + body;
	return true;
}

static bool is_complex(const void *message)
{
	return ((const mach_msg_header_t *)message)->msgh_bits & MACH_MSGH_BITS_COMPLEX;
}

/* The right that the receiver gets when this one is sent. */
static unsigned int received(unsigned int name)
{
	switch (name) {
	case MACH_MSG_TYPE_COPY_SEND:
	case MACH_MSG_TYPE_MAKE_SEND:
		return MACH_MSG_TYPE_PORT_SEND;
	case MACH_MSG_TYPE_MAKE_SEND_ONCE:
		return MACH_MSG_TYPE_PORT_SEND_ONCE;
	default:
		return name;
	}
}

static void rename_item(struct item *item)
{
	unsigned int name = received(item->name);

#ifndef __LP64__
	if (item->type->msgt_longform) {
		((mach_msg_type_long_t *)item->type)->msgtl_name = name;
		return;
	}
#endif
	item->type->msgt_name = name;
}

/* Inline rights take a pointer's room; only a name's worth of it crosses. */
static void narrow_rights(struct item *item)
{
	uintptr_t right;
	size_t i;

	for (i = 0; i < item->number; i++) {
		memcpy(&right, item->data + i * WORD, sizeof right);
		right &= UINT32_MAX;
		memcpy(item->data + i * WORD, &right, sizeof right);
	}
}

/* The receiver gets memory of its own; memory sent with dealloc leaves the sender. */
static void move_region(struct item *item)
{
	void *from = item_pointer(item), *to = memory_allocate(item_bytes(item));

	if (to != NULL)
		memcpy(to, from, item_bytes(item));
	if (item->type->msgt_deallocate)
		memory_release(from);
	memcpy(item->data, &to, sizeof to);
	item->type->msgt_deallocate = TRUE;
}

/*
 * Out-of-line rights are names in a user task and pointers in the kernel: give
 * the region elements of another size.
 */
static void resize_rights(struct item *item, size_t size)
{
	size_t old = item->size / 8, i;
	unsigned char *from = item_pointer(item), *to = memory_allocate(item->number * size);

	for (i = 0; i < item->number; i++)
		memcpy(to + i * size, from + i * old, old < size ? old : size);
	memory_release(from);
	memcpy(item->data, &to, sizeof to);
#ifdef __LP64__
	item->type->msgt_size = 8 * size;
#endif
}

static void transfer_header(mach_msg_header_t *header, enum transfer transfer)
{
	unsigned int remote = received(MACH_MSGH_BITS_REMOTE(header->msgh_bits));
	unsigned int local = received(MACH_MSGH_BITS_LOCAL(header->msgh_bits));
	uintptr_t remote_port = header->msgh_remote_port;
	uintptr_t local_port = header->msgh_local_port;
	mach_msg_bits_t other = MACH_MSGH_BITS_OTHER(header->msgh_bits);

	if (transfer == TRANSFER_TO_KERNEL) {
		header->msgh_bits = other | MACH_MSGH_BITS(remote, local);
		header->msgh_remote_port_do_not_use = remote_port;
		header->msgh_protected_payload = local_port;
	} else {
		header->msgh_bits = other | MACH_MSGH_BITS(local, remote);
		header->msgh_remote_port_do_not_use = local_port;
		header->msgh_protected_payload = remote_port;
	}
}

void kernel_transfer(void *message, enum transfer transfer)
{
	struct walk walk = walk_begin(message);
	struct item item;

	transfer_header(message, transfer);
	if (!is_complex(message))
		return;
	while (walk_next(&walk, &item)) {
		if (is_right(item.name)) {
			rename_item(&item);
			if (item.is_inline)
				narrow_rights(&item);
		}
		if (!item.is_inline)
			move_region(&item);
		else if (transfer != TRANSFER_TO_KERNEL)
			item.type->msgt_deallocate = FALSE;
		if (!item.is_inline && is_right(item.name) && transfer != TRANSFER_TO_USER)
			resize_rights(&item, transfer == TRANSFER_TO_KERNEL ? WORD : sizeof(uint32_t));
	}
}

void kernel_each_region(const void *message, void (*visit)(const void *memory, size_t size))
{
	struct walk walk = walk_begin((void *)message);
	struct item item;

	if (!is_complex(message))
		return;
	while (walk_next(&walk, &item))
		if (!item.is_inline)
			visit(item_pointer(&item), item_bytes(&item));
}

void kernel_hide_pointers(void *message)
{
	struct walk walk = walk_begin(message);
	struct item item;

	if (!is_complex(message))
		return;
	while (walk_next(&walk, &item))
		if (!item.is_inline)
			memset(item.data, 0, sizeof(void *));
}
