/*
 * Walking the type descriptors of a message; see message.h.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "message.h"

#define MALFORMED UINT32_MAX

static uint32_t align(uint32_t offset)
{
	return (offset + sizeof(vm_offset_t) - 1) & ~(sizeof(vm_offset_t) - 1);
}

boolean_t message_next_item(mach_msg_header_t *message, uint32_t *offset,
			    struct message_item *item)
{
	uint32_t left = message->msgh_size - *offset;
	mach_msg_type_long_t *type = (mach_msg_type_long_t *)((char *)message + *offset);
	uint32_t length = sizeof(mach_msg_type_t);
	uint64_t bits;

	if ((message->msgh_bits & MACH_MSGH_BITS_COMPLEX) == 0 || *offset >= message->msgh_size)
		return FALSE;
	*offset = MALFORMED;
	if (left >= length && type->msgtl_header.msgt_longform)
		length = sizeof(*type);
	if (left < length)
		return FALSE;
	item->type = &type->msgtl_header;
	if (type->msgtl_header.msgt_longform && sizeof(*type) > sizeof(mach_msg_type_t)) {
		item->name = type->msgtl_name;
		item->number = type->msgtl_number;
		bits = (uint64_t)type->msgtl_size * item->number;
	} else {
		item->name = type->msgtl_header.msgt_name;
		item->number = type->msgtl_header.msgt_number;
		bits = (uint64_t)type->msgtl_header.msgt_size * item->number;
	}

	uint64_t size = (bits + 7) / 8;
	uint64_t inline_size = type->msgtl_header.msgt_inline ? size : sizeof(vm_offset_t);

	if (left - length < inline_size || size > INT32_MAX)
		return FALSE;
	item->data = (char *)type + length;
	item->size = (vm_size_t)size;
	*offset = align((uint32_t)((char *)item->data - (char *)message) + (uint32_t)inline_size);
	return TRUE;
}

boolean_t message_next_region(mach_msg_header_t *message, uint32_t *offset,
			      struct message_region *region)
{
	struct message_item item;

	while (message_next_item(message, offset, &item)) {
		if (item.type->msgt_inline)
			continue;
		item.type->msgt_deallocate = FALSE;
		region->address = item.data;
		region->size = item.size;
		return TRUE;
	}
	return FALSE;
}

void message_set_name(struct message_item *item, uint32_t name)
{
	mach_msg_type_long_t *type = (mach_msg_type_long_t *)item->type;

	if (item->type->msgt_longform && sizeof(*type) > sizeof(mach_msg_type_t))
		type->msgtl_name = (unsigned short)name;
	else
		item->type->msgt_name = (unsigned char)name;
	item->name = name;
}
