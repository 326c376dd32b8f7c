/*
 * Out-of-line regions of a Mach message of this task's layout.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_MESSAGE_H_
#define _GUEST_MESSAGE_H_

#include <stdint.h>

#include <mach/boolean.h>
#include <mach/message.h>

struct message_region {
	vm_offset_t *address; /* the pointer in the message */
	vm_size_t size;
};

/*
 * Find the next region at or behind *offset, which begins as the size of the
 * header and is moved behind the region's descriptor.  FALSE: no more.  A
 * descriptor that goes beyond the message sets *offset beyond it.
 * Found regions lose their deallocate bit.
 */
boolean_t message_next_region(mach_msg_header_t *message, uint32_t *offset,
			      struct message_region *region);

#endif /* _GUEST_MESSAGE_H_ */
