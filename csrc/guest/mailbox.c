/*
 * The mailbox's memory: an ivshmem-plain device, found by port I/O and mapped
 * through the kernel's "mem" device.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <device/device_types.h>

#include "device.h"
#include "mach.h"
#include "mach_i386.h"
#include "mailbox.h"
#include "runtime.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_ENABLE 0x80000000u
#define PCI_SLOTS 32
#define PCI_ID 0x00
#define PCI_BAR2 0x18
#define PCI_BAR_FLAGS 0xfu

#define IVSHMEM_ID 0x11101af4u

#define REPLY_SHARE(size) ((size) / 4 * 3) /* replies carry the samples */

static inline void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "d"(port));
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "d"(port));
	return value;
}

static uint32_t pci_read(uint32_t slot, uint32_t offset)
{
	out32(PCI_ADDRESS, PCI_ENABLE | slot << 11 | offset);
	return in32(PCI_DATA);
}

static void pci_write(uint32_t slot, uint32_t offset, uint32_t value)
{
	out32(PCI_ADDRESS, PCI_ENABLE | slot << 11 | offset);
	out32(PCI_DATA, value);
}

static kern_return_t find_memory(vm_offset_t *address, vm_size_t *size)
{
	mach_port_t permission;

	if (i386_io_perm_create(guest_device_port, PCI_ADDRESS, PCI_DATA + 3, &permission) !=
		    KERN_SUCCESS ||
	    i386_io_perm_modify(mach_task_self(), permission, TRUE) != KERN_SUCCESS)
		return KERN_NO_ACCESS;

	for (uint32_t slot = 0; slot < PCI_SLOTS; slot++) {
		if (pci_read(slot, PCI_ID) != IVSHMEM_ID)
			continue;
		/* The device answers all ones with the bits below its size clear. */
		uint32_t bar = pci_read(slot, PCI_BAR2);
		pci_write(slot, PCI_BAR2, ~0u);
		*size = ~(pci_read(slot, PCI_BAR2) & ~PCI_BAR_FLAGS) + 1;
		pci_write(slot, PCI_BAR2, bar);
		*address = bar & ~PCI_BAR_FLAGS;
		return KERN_SUCCESS;
	}
	return KERN_FAILURE;
}

static kern_return_t map_memory(vm_offset_t physical, vm_size_t size, vm_offset_t *address)
{
	mach_port_t device, pager;
	kern_return_t result;

	result = device_open(guest_device_port, D_READ | D_WRITE, "mem", &device);
	if (result != KERN_SUCCESS)
		return result;
	result = device_map(device, VM_PROT_READ | VM_PROT_WRITE, physical, size, &pager, 0);
	if (result != KERN_SUCCESS)
		return result;
	*address = 0;
	return vm_map(mach_task_self(), address, size, 0, TRUE, pager, 0, FALSE,
		      VM_PROT_READ | VM_PROT_WRITE, VM_PROT_READ | VM_PROT_WRITE,
		      VM_INHERIT_NONE);
}

kern_return_t mailbox_open(struct mailbox *mailbox)
{
	vm_offset_t physical, address;
	vm_size_t size;
	kern_return_t result;

	result = find_memory(&physical, &size);
	if (result == KERN_SUCCESS)
		result = map_memory(physical, size, &address);
	if (result != KERN_SUCCESS)
		return result;

	/* Every page is faulted in now, so that no later call's count has it. */
	for (vm_offset_t at = 0; at < size; at += GUEST_PAGE_SIZE)
		*(volatile uint32_t *)(address + at) = 0;

	volatile struct mailbox_header *header = (volatile struct mailbox_header *)address;

	header->magic = MAILBOX_MAGIC;
	header->version = MAILBOX_VERSION;
	header->abi = sizeof(uintptr_t) == 4 ? MAILBOX_ABI_I386 : MAILBOX_ABI_X86_64;
	header->port_count = 0;
	header->channel_count = MAILBOX_CHANNELS;
	header->slots_offset = GUEST_PAGE_SIZE;
	header->reply_size = REPLY_SHARE(size / MAILBOX_CHANNELS);
	header->request_size =
		(size - GUEST_PAGE_SIZE) / MAILBOX_CHANNELS / MAILBOX_ALIGNMENT * MAILBOX_ALIGNMENT -
		header->reply_size;

	mailbox->header = header;
	mailbox->request_space = header->request_size - sizeof(struct mailbox_slot);
	mailbox->reply_space = header->reply_size - sizeof(struct mailbox_slot);
	mailbox_select(mailbox, 0);
	return KERN_SUCCESS;
}

void mailbox_offer(struct mailbox *mailbox, const char *label, uint32_t name)
{
	volatile struct mailbox_port *port = &mailbox->header->ports[mailbox->header->port_count];

	for (size_t at = 0; label[at] != '\0' && at < sizeof(port->label) - 1; at++)
		port->label[at] = label[at];
	port->name = name;
	mailbox->header->port_count++;
}

void mailbox_select(struct mailbox *mailbox, uint32_t channel)
{
	volatile struct mailbox_header *header = mailbox->header;
	uintptr_t slots = (uintptr_t)header + header->slots_offset +
			  channel * (header->request_size + header->reply_size);

	mailbox->channel = &header->channels[channel];
	mailbox->request = (volatile struct mailbox_slot *)slots;
	mailbox->reply = (volatile struct mailbox_slot *)(slots + header->request_size);
}

void mailbox_announce(struct mailbox *mailbox, uint32_t reply_port)
{
	mailbox->header->reply_port = reply_port;
	__asm__ volatile("" : : : "memory");
	mailbox->header->state = MAILBOX_READY;
}
