/*
 * Boot, do known work with the monitor enabled and disabled, and print what it
 * counted, reached through the kernel's table of routines.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdint.h>

#include <mach/mig_errors.h>

#include "perf_monitor.h"

#define BASE 0xc0000000u
#define SERIAL 0x3f8
#define EXIT 0xf4
#define EVENTS 12
#define HOST ((mach_port_t)4)

extern char _start[], _end[];
extern void (*mach_server_routines[])(mach_msg_header_t *request, mach_msg_header_t *reply);

void biosmem_register_boot_data(uint32_t from, uint32_t to, int temporary);
void workload(void);
void task_init(void);
void setup_main(void);
void c_boot_entry(void);
int printf(const char *format, ...);

static inline void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char *text)
{
	while (*text != '\0')
		out(SERIAL, (uint8_t)*text++);
}

/* Of the monitor's messages the words that are the same in all. */
int printf(const char *format, ...)
{
	print(format);
	return 0;
}

static void print_number(uint32_t number)
{
	char text[12] = "           ";
	char *at = &text[11];

	*--at = ' ';
	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	print(at);
}

mach_port_t mig_get_reply_port(void)
{
	return 5;
}

void mig_put_reply_port(mach_port_t port)
{
	(void)port;
}

void mig_dealloc_reply_port(mach_port_t port)
{
	(void)port;
}

/* A request to the kernel, as its server for ports of its own would treat it. */
mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
			   mach_msg_size_t send_size, mach_msg_size_t limit, mach_port_t name,
			   mach_msg_timeout_t time_out, mach_port_t notify)
{
	static union {
		mach_msg_header_t header;
		mig_reply_header_t answer;
		char bytes[8192];
	} reply;

	(void)option, (void)name, (void)time_out, (void)notify;
	message->msgh_size = send_size;
	message->msgh_bits = MACH_MSGH_BITS_OTHER(message->msgh_bits) |
			     MACH_MSGH_BITS(MACH_MSG_TYPE_PORT_SEND, MACH_MSG_TYPE_PORT_SEND_ONCE);
	reply.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(0, MACH_MSG_TYPE_PORT_SEND_ONCE),
		.msgh_size = sizeof(reply.answer),
		.msgh_local_port = message->msgh_local_port,
		.msgh_id = message->msgh_id + 100,
	};
	reply.answer.RetCodeType = (mach_msg_type_t){
		.msgt_name = MACH_MSG_TYPE_INTEGER_32,
		.msgt_size = 32,
		.msgt_number = 1,
		.msgt_inline = TRUE,
	};
	mach_server_routines[message->msgh_id - 2000](message, &reply.header);
	if (reply.header.msgh_size > limit)
		return MACH_RCV_TOO_LARGE;
	__builtin_memcpy(message, &reply, reply.header.msgh_size);
	return MACH_MSG_SUCCESS;
}

static void report(const char *title)
{
	struct perf_event_stats stats;

	print(title);
	for (uint32_t event = 0; event < EVENTS; event++) {
		kern_return_t result = perf_get_event_stats(HOST, event, &stats);

		if (result != KERN_SUCCESS) {
			print("error ");
			print_number((uint32_t)result);
		} else
			print_number((uint32_t)stats.count);
	}
	print("\n");
}

/* Where recording from boot on would begin. */
__attribute__((noinline)) void setup_main(void)
{
	task_init();
}

void c_boot_entry(void)
{
	biosmem_register_boot_data((uint32_t)_start - BASE, (uint32_t)_end - BASE, 0);
	setup_main();
	workload();
	if (perf_monitor_configure(HOST, 0, 1024) || perf_monitor_enable(HOST, 1))
		print("cannot enable\n");
	workload();
	report("once ");
	workload();
	workload();
	report("thrice ");
	if (perf_monitor_enable(HOST, 0))
		print("cannot disable\n");
	workload();
	report("disabled ");
	out(EXIT, 0);
}
