/*
 * An external pager: serves memory objects, whose pages are all alike.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_PAGER_H_
#define _GUEST_PAGER_H_

#include "runtime.h"

/* The ids of memory_object.defs. */
#define PAGER_INIT 2200
#define PAGER_TERMINATE 2201
#define PAGER_DATA_REQUEST 2203

/*
 * Wait for a message to a memory object and do what it asks for; *id says which
 * it was.  A pager that is silent supplies nothing.
 */
kern_return_t pager_serve(mach_port_t object, boolean_t silent, mach_msg_id_t *id);

#endif /* _GUEST_PAGER_H_ */
