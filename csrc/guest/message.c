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

boolean_t message_next_region(mach_msg_header_t *message, uint32_t *offset,
			      struct message_region *region)
{
	if ((message->msgh_bits & MACH_MSGH_BITS_COMPLEX) == 0)
		return FALSE;
	while (*offset < message->msgh_size) {
		uint32_t left = message->msgh_size - *offset;
		mach_msg_type_long_t *type = (mach_msg_type_long_t *)((char *)message + *offset);
		uint32_t length = sizeof(mach_msg_type_t);
		uint64_t bits;

		if (left >= length && type->msgtl_header.msgt_longform)
			length = sizeof(*type);
		if (left < length)
			break;
		if (type->msgtl_header.msgt_longform)
			bits = (uint64_t)type->msgtl_size * type->msgtl_number;
		else
			bits = type->msgtl_header.msgt_size * type->msgtl_header.msgt_number;

		uint64_t size = (bits + 7) / 8;
		uint64_t inline_size = type->msgtl_header.msgt_inline ? size : sizeof(vm_offset_t);

		if (left - length < inline_size || size > INT32_MAX)
			break;
		region->address = (vm_offset_t *)((char *)type + length);
		region->size = (vm_size_t)size;
		*offset = align(*offset + length + (uint32_t)inline_size);
		if (!type->msgtl_header.msgt_inline) {
			type->msgtl_header.msgt_deallocate = FALSE;
			return TRUE;
		}
	}
	if (*offset < message->msgh_size)
		*offset = MALFORMED;
	return FALSE;
}
