/*
 * Runtime of a boot task; see runtime.h.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <device/device_types.h>

#include "device.h"
#include "mach.h"
#include "mach_host.h"
#include "mach_port.h"
#include "registers.h"
#include "runtime.h"

void guest_start(uintptr_t *arguments) __attribute__((noreturn));
void guest_thread_entry(void);

mach_port_t guest_host_port;
mach_port_t guest_device_port;

union guest_stack guest_main_stack;
__asm__(".globl guest_main_stack_top\n"
	".set guest_main_stack_top, guest_main_stack + 16384");
_Static_assert(sizeof(union guest_stack) == 16384, "guest_main_stack_top");

static mach_port_t console;
static mach_port_t sleep_port;

static uint32_t parse_port(const char *text)
{
	uint32_t value = 0;

	while (*text >= '0' && *text <= '9')
		value = value * 10 + (uint32_t)(*text++ - '0');
	return value;
}

void guest_start(uintptr_t *arguments)
{
	char **argv = (char **)(arguments + 1);

	if (arguments[0] >= 3) {
		guest_host_port = parse_port(argv[1]);
		guest_device_port = parse_port(argv[2]);
	}
	device_open(guest_device_port, D_READ | D_WRITE, "console", &console);
	sleep_port = mach_reply_port();
	guest_main();
}

static uintptr_t *stack_top(union guest_stack *stack)
{
	return &stack->words[GUEST_STACK_SIZE / sizeof(uintptr_t) - 4];
}

void guest_thread_function(union guest_stack *stack, void (*function)(void))
{
	*stack_top(stack) = (uintptr_t)function;
}

kern_return_t guest_thread_prepare_in(mach_port_t task, union guest_stack *stack,
				      mach_port_t *thread)
{
	struct i386_thread_state state;
	mach_msg_type_number_t count = i386_THREAD_STATE_COUNT;
	kern_return_t result;

	result = thread_create(task, thread);
	if (result != KERN_SUCCESS)
		return result;
	result = thread_get_state(*thread, i386_REGS_SEGS_STATE, (thread_state_t)&state, &count);
	if (result != KERN_SUCCESS)
		return result;
	guest_registers_start(&state, guest_thread_entry, stack_top(stack));
	return thread_set_state(*thread, i386_REGS_SEGS_STATE, (thread_state_t)&state, count);
}

kern_return_t guest_thread_prepare(union guest_stack *stack, void (*function)(void),
				   mach_port_t *thread)
{
	guest_thread_function(stack, function);
	return guest_thread_prepare_in(mach_task_self(), stack, thread);
}

kern_return_t guest_port_create(mach_port_t *port)
{
	*port = mach_reply_port();
	return mach_port_insert_right(mach_task_self(), *port, *port, MACH_MSG_TYPE_MAKE_SEND);
}

kern_return_t guest_stack_release(union guest_stack *stack)
{
	mach_port_t port = stack->own.reply_port;

	stack->own.reply_port = MACH_PORT_NULL;
	if (port == MACH_PORT_NULL)
		return KERN_SUCCESS;
	return mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

void guest_sleep(mach_msg_timeout_t milliseconds)
{
	mach_msg_header_t nothing;

	mach_msg(&nothing, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(nothing), sleep_port,
		 milliseconds, MACH_PORT_NULL);
}

kern_return_t guest_hear(mach_port_t port, mach_msg_id_t what)
{
	mach_msg_header_t message;
	mach_msg_return_t result = mach_msg(&message, MACH_RCV_MSG, 0, sizeof(message), port,
					    MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);

	if (result != MACH_MSG_SUCCESS)
		return result;
	return message.msgh_id == what ? KERN_SUCCESS : KERN_FAILURE;
}

static void console_write(const char *text, size_t size)
{
	io_buf_ptr_inband_t buffer;
	int written;

	while (size > 0) {
		size_t part = size < sizeof(buffer) ? size : sizeof(buffer);

		memcpy(buffer, text, part);
		if (device_write_inband(console, 0, 0, buffer, part, &written) != KERN_SUCCESS)
			return;
		text += part;
		size -= part;
	}
}

void guest_print(const char *line)
{
	console_write(line, strlen(line));
	console_write("\r\n", 2);
}

void guest_fail(const char *what, kern_return_t code)
{
	char number[] = ": 0x00000000";
	uint32_t rest = (uint32_t)code;

	for (size_t at = sizeof(number) - 2; rest != 0; at--, rest >>= 4)
		number[at] = "0123456789abcdef"[rest & 15];
	console_write(what, strlen(what));
	guest_print(number);
	host_reboot(guest_host_port, 0);
	for (;;)
		guest_sleep(1000);
}

/* What generated code calls. */

static union guest_stack *current_stack(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return (union guest_stack *)(here & ~(uintptr_t)(GUEST_STACK_SIZE - 1));
}

mach_msg_return_t mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
			   mach_msg_size_t send_size, mach_msg_size_t receive_limit,
			   mach_port_t receive_name, mach_msg_timeout_t timeout,
			   mach_port_t notify)
{
	return mach_msg_trap(message, option, send_size, receive_limit, receive_name, timeout,
			     notify);
}

mach_port_t mig_get_reply_port(void)
{
	union guest_stack *stack = current_stack();

	if (stack->own.reply_port == MACH_PORT_NULL)
		stack->own.reply_port = mach_reply_port();
	return stack->own.reply_port;
}

void mig_put_reply_port(mach_port_t port)
{
	(void)port;
}

void mig_dealloc_reply_port(mach_port_t port)
{
	current_stack()->own.reply_port = MACH_PORT_NULL;
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

void mig_allocate(vm_address_t *address, vm_size_t size)
{
	if (syscall_vm_allocate(mach_task_self(), address, size, TRUE) != KERN_SUCCESS)
		*address = 0;
}

void mig_deallocate(vm_address_t address, vm_size_t size)
{
	syscall_vm_deallocate(mach_task_self(), address, size);
}

vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size)
{
	vm_size_t length = 0;

	if (size == 0)
		return 0;
	while (length < size - 1 && from[length] != '\0') {
		to[length] = from[length];
		length++;
	}
	to[length] = '\0';
	return length + 1;
}

typedef uintptr_t word_t __attribute__((may_alias, aligned(1)));

/* An emulator is quicker at eight moves than at an instruction that repeats one. */
void *memcpy(void *to, const void *from, size_t size)
{
	void *result = to;

	for (; size >= 8 * sizeof(word_t); size -= 8 * sizeof(word_t)) {
		const word_t *source = from;
		word_t *target = to;

		target[0] = source[0];
		target[1] = source[1];
		target[2] = source[2];
		target[3] = source[3];
		target[4] = source[4];
		target[5] = source[5];
		target[6] = source[6];
		target[7] = source[7];
		from = source + 8;
		to = target + 8;
	}
	for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
		*(word_t *)to = *(const word_t *)from;
		from = (const word_t *)from + 1;
		to = (word_t *)to + 1;
	}
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return result;
}

void *memset(void *at, int value, size_t size)
{
	void *result = at;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
	return result;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *one = a, *other = b;

	for (size_t at = 0; at < size; at++)
		if (one[at] != other[at])
			return one[at] - other[at];
	return 0;
}

size_t strlen(const char *string)
{
	size_t length = 0;

	while (string[length] != '\0')
		length++;
	return length;
}
