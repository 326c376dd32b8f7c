/*
 * An external pager, and work with objects that another task is the pager of.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "pager.h"

#include <mach/mig_errors.h>

#include "child.h"
#include "mach.h"
#include "mach_port.h"
#include "memory_object_server.h"
#include "perf_workload_server.h"

#define MESSAGE_MAX 1024
#define MAGIC 0x50414745u
#define ENDED_ID 4982
#define PAGED_ID 4987
#define LATE_AT 0x20000000 /* where nothing is */

boolean_t memory_object_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static union guest_stack pager_stack;
static mach_port_t object_port; /* the other task's, once it has been given */
static mach_port_t ended_port;	/* where it says that an object has ended */
static boolean_t is_silent;
static uint32_t lateness; /* milliseconds before a page is supplied */

/* Every page is the same: what is read of it, and a message that is sent from there. */
struct page {
	uint32_t magic;
	mach_msg_header_t message;
};

static union {
	struct page page;
	unsigned char bytes[GUEST_PAGE_SIZE];
} supply __attribute__((aligned(GUEST_PAGE_SIZE)));

/* What the kernel asks of a pager. */

kern_return_t memory_object_init(memory_object_t object, memory_object_control_t control,
				 memory_object_name_t name, vm_size_t page_size)
{
	(void)object, (void)name, (void)page_size;
	return memory_object_ready(control, FALSE, MEMORY_OBJECT_COPY_NONE);
}

kern_return_t memory_object_data_request(memory_object_t object, memory_object_control_t control,
					 vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	(void)object, (void)access;
	if (is_silent)
		return KERN_SUCCESS;
	if (lateness != 0)
		guest_sleep(lateness);
	for (vm_size_t at = 0; at < length; at += GUEST_PAGE_SIZE)
		memory_object_data_supply(control, offset + at, (vm_offset_t)&supply,
					  GUEST_PAGE_SIZE, FALSE, VM_PROT_NONE, FALSE,
					  MACH_PORT_NULL);
	return KERN_SUCCESS;
}

/* All rights to send that the object's messages brought go with these to receive. */
kern_return_t memory_object_terminate(memory_object_t object, memory_object_control_t control,
				      memory_object_name_t name)
{
	(void)object;
	mach_port_destroy(mach_task_self(), control);
	mach_port_destroy(mach_task_self(), name);
	return KERN_SUCCESS;
}

/* The rest is asked of pagers of objects that are written or copied. */

kern_return_t memory_object_copy(memory_object_t object, memory_object_control_t control,
				 vm_offset_t offset, vm_size_t length, memory_object_t copy)
{
	(void)object, (void)control, (void)offset, (void)length, (void)copy;
	return KERN_FAILURE;
}

kern_return_t memory_object_data_unlock(memory_object_t object, memory_object_control_t control,
					vm_offset_t offset, vm_size_t length, vm_prot_t access)
{
	(void)object, (void)control, (void)offset, (void)length, (void)access;
	return KERN_FAILURE;
}

kern_return_t memory_object_lock_completed(memory_object_t object,
					   memory_object_control_t control, vm_offset_t offset,
					   vm_size_t length)
{
	(void)object, (void)control, (void)offset, (void)length;
	return KERN_FAILURE;
}

kern_return_t memory_object_supply_completed(memory_object_t object,
					     memory_object_control_t control, vm_offset_t offset,
					     vm_size_t length, kern_return_t result,
					     vm_offset_t error_offset)
{
	(void)object, (void)control, (void)offset, (void)length, (void)result, (void)error_offset;
	return KERN_FAILURE;
}

kern_return_t memory_object_data_return(memory_object_t object, memory_object_control_t control,
					vm_offset_t offset, pointer_t data,
					mach_msg_type_number_t size, boolean_t dirty,
					boolean_t kernel_copy)
{
	(void)object, (void)control, (void)offset, (void)data, (void)size, (void)dirty;
	(void)kernel_copy;
	return KERN_FAILURE;
}

kern_return_t memory_object_change_completed(memory_object_t object, boolean_t may_cache,
					     memory_object_copy_strategy_t copy_strategy)
{
	(void)object, (void)may_cache, (void)copy_strategy;
	return KERN_FAILURE;
}

kern_return_t pager_serve(mach_port_t object, boolean_t silent, mach_msg_id_t *id)
{
	union {
		mach_msg_header_t header;
		unsigned char bytes[MESSAGE_MAX];
	} request;
	mig_reply_header_t reply;
	mach_msg_return_t result;

	result = mach_msg(&request.header, MACH_RCV_MSG, 0, sizeof(request), object,
			  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if (result != MACH_MSG_SUCCESS)
		return result;
	*id = request.header.msgh_id;
	is_silent = silent;
	return memory_object_server(&request.header, &reply.Head) ? KERN_SUCCESS : KERN_FAILURE;
}

/* The other task. */
static void serve_objects(void)
{
	mach_msg_id_t id;

	for (;;) {
		mach_msg_header_t ended = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_size = sizeof(ended),
			.msgh_remote_port = ended_port,
			.msgh_id = ENDED_ID,
		};

		if (pager_serve(object_port, FALSE, &id) == KERN_SUCCESS && id == PAGER_TERMINATE)
			mach_msg(&ended, MACH_SEND_MSG, sizeof(ended), 0, MACH_PORT_NULL,
				 MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	}
}

static void prepare_page(void)
{
	supply.page.magic = MAGIC;
	supply.page.message = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.msgh_size = sizeof(mach_msg_header_t),
		.msgh_remote_port = ended_port,
		.msgh_id = PAGED_ID,
	};
}

static kern_return_t read_pages(vm_address_t address, vm_size_t size)
{
	for (vm_size_t at = 0; at < size; at += GUEST_PAGE_SIZE)
		if (((volatile struct page *)(address + at))->magic != MAGIC)
			return KERN_FAILURE;
	return KERN_SUCCESS;
}

/* The kernel waits for the page as it copies the message. */
static kern_return_t send_from(vm_address_t address)
{
	mach_msg_return_t result = mach_msg(&((struct page *)address)->message, MACH_SEND_MSG,
					    sizeof(mach_msg_header_t), 0, MACH_PORT_NULL,
					    MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);

	return result == MACH_MSG_SUCCESS ? guest_hear(ended_port, PAGED_ID) : result;
}

/* The pages that are read, and one more. */
static kern_return_t use_object(vm_size_t size)
{
	vm_size_t whole = size + GUEST_PAGE_SIZE;
	vm_address_t address = 0;
	kern_return_t result, freed;

	result = vm_map(mach_task_self(), &address, whole, 0, TRUE, object_port, 0, FALSE,
			VM_PROT_READ, VM_PROT_READ, VM_INHERIT_NONE);
	if (result != KERN_SUCCESS)
		return result;
	result = read_pages(address, size);
	if (result == KERN_SUCCESS)
		result = send_from(address + size);
	freed = vm_deallocate(mach_task_self(), address, whole);
	if (result != KERN_SUCCESS || freed != KERN_SUCCESS)
		return result != KERN_SUCCESS ? result : freed;
	return guest_hear(ended_port, ENDED_ID);
}

kern_return_t serve_workload_paging(mach_port_t server, uint32_t count, uint32_t pages,
				    uint32_t *done)
{
	mach_port_t task, thread = MACH_PORT_NULL;
	kern_return_t result;

	(void)server;
	*done = 0;
	if (pages == 0 || pages >= UINT32_MAX / GUEST_PAGE_SIZE)
		return KERN_INVALID_ARGUMENT;
	if (ended_port == MACH_PORT_NULL)
		ended_port = mach_reply_port();
	prepare_page();
	result = guest_port_create(&object_port);
	if (result != KERN_SUCCESS)
		return result;
	guest_thread_function(&pager_stack, serve_objects);
	result = child_create(&task);
	if (result == KERN_SUCCESS) {
		result = child_give_receiver(task, object_port);
		if (result == KERN_SUCCESS)
			result = child_give_sender(task, ended_port);
		if (result == KERN_SUCCESS)
			result = child_run(task, &pager_stack, &thread);
		for (; *done < count && result == KERN_SUCCESS; *done += result == KERN_SUCCESS)
			result = use_object(pages * GUEST_PAGE_SIZE);
		child_end(task, thread);
	}
	mach_port_destroy(mach_task_self(), object_port);
	return result;
}

/* A page of another task that this one is the pager of, late. */

static union guest_stack sender_stack;

static void send_late_page(void)
{
	mach_msg_header_t nothing;

	mach_msg(&((struct page *)LATE_AT)->message, MACH_SEND_MSG, sizeof(mach_msg_header_t), 0,
		 MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	for (;;)
		mach_msg(&nothing, MACH_RCV_MSG, 0, sizeof(nothing), mach_reply_port(),
			 MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

static kern_return_t supply_late(mach_port_t task, mach_port_t object, mach_port_t *thread)
{
	vm_address_t address = LATE_AT;
	kern_return_t result;
	mach_msg_id_t id;

	result = child_give_sender(task, ended_port);
	if (result == KERN_SUCCESS)
		result = vm_map(task, &address, GUEST_PAGE_SIZE, 0, FALSE, object, 0, FALSE,
				VM_PROT_READ, VM_PROT_READ, VM_INHERIT_NONE);
	if (result == KERN_SUCCESS)
		result = pager_serve(object, FALSE, &id);
	if (result == KERN_SUCCESS)
		result = child_run(task, &sender_stack, thread);
	if (result == KERN_SUCCESS)
		result = pager_serve(object, FALSE, &id);
	return result == KERN_SUCCESS ? guest_hear(ended_port, PAGED_ID) : result;
}

kern_return_t serve_workload_late_page(mach_port_t server, uint32_t milliseconds, uint32_t *done)
{
	mach_port_t task, object, thread = MACH_PORT_NULL;
	kern_return_t result;
	mach_msg_id_t id;

	(void)server;
	*done = 0;
	if (ended_port == MACH_PORT_NULL)
		ended_port = mach_reply_port();
	prepare_page();
	supply.page.message.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	guest_thread_function(&sender_stack, send_late_page);
	result = guest_port_create(&object);
	if (result != KERN_SUCCESS)
		return result;
	result = child_create(&task);
	if (result == KERN_SUCCESS) {
		lateness = milliseconds;
		result = supply_late(task, object, &thread);
		lateness = 0;
		child_end(task, thread);
		if (result == KERN_SUCCESS)
			result = pager_serve(object, FALSE, &id);
	}
	mach_port_destroy(mach_task_self(), object);
	*done = result == KERN_SUCCESS;
	return result;
}
