/*
 * The items of a Mach message of this task's layout.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_MESSAGE_H_
#define _GUEST_MESSAGE_H_

#include <stdint.h>

#include <mach/boolean.h>
#include <mach/message.h>

/* A descriptor, and what it describes. */
struct message_item {
	mach_msg_type_t *type;
	uint32_t name;	 /* msgt_name */
	uint32_t number;
	vm_size_t size;	 /* of all of them, in bytes */
	void *data;	 /* they, or the pointer to them */
};

/*
 * Find the item at *offset, which begins as the size of the header and is moved
 * behind the item.  FALSE: no more.  A descriptor that goes beyond the message
 * sets *offset beyond it.
 */
boolean_t message_next_item(mach_msg_header_t *message, uint32_t *offset,
			    struct message_item *item);

/* Change an item's msgt_name. */
void message_set_name(struct message_item *item, uint32_t name);

struct message_region {
	vm_offset_t *address; /* the pointer in the message */
	vm_size_t size;
};

/*
 * The same for the next item that is out of line.  Found regions lose their
 * deallocate bit.
 */
boolean_t message_next_region(mach_msg_header_t *message, uint32_t *offset,
			      struct message_region *region);

#endif /* _GUEST_MESSAGE_H_ */
