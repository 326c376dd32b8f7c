/*
 * The rights of the relay's clients, which are all the relay's own: ports that
 * it received for them, and rights that messages brought them.
 *
 * Clients come and go without saying so, and both tables are small: of the
 * ports that nobody looks at any more, and of the rights that came, the oldest
 * make room.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _GUEST_RIGHTS_H_
#define _GUEST_RIGHTS_H_

#include <mach/boolean.h>
#include <mach/message.h>
#include <mach/port.h>

/* Ports of clients; null: there is no room. */
mach_port_t rights_allocate(void);
boolean_t rights_receive(mach_port_t name); /* may a client receive there? */
void rights_destroy(mach_port_t name);

/* Make a port that is there already a client's; FALSE: there is no room. */
boolean_t rights_adopt(mach_port_t name);

/*
 * May a client send to it, with which disposition?  0: it may not.  A right to
 * send once is gone then.
 */
mach_msg_bits_t rights_use(mach_port_t name);

/*
 * A client's message: the rights in its body are its own to give; those that
 * others use as well are copied.  MACH_MSG_SUCCESS or MACH_SEND_INVALID_RIGHT.
 * offered: does everybody have this right?
 */
mach_msg_return_t rights_check(mach_msg_header_t *message, boolean_t (*offered)(mach_port_t name));

/* A message that was received: what it brings is a client's to use. */
void rights_take(mach_msg_header_t *message);

#endif /* _GUEST_RIGHTS_H_ */
