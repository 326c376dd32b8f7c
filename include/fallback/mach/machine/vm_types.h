/*
 * Integers whose size is the machine's: i386 and x86_64.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _MACH_MACHINE_VM_TYPES_H_
#define _MACH_MACHINE_VM_TYPES_H_

#include <stdint.h>

typedef unsigned int natural_t;
typedef int integer_t;

typedef uintptr_t vm_offset_t;
typedef uintptr_t vm_address_t;
typedef uintptr_t vm_size_t;
typedef vm_offset_t pointer_t;

typedef uintptr_t rpc_uintptr_t;
typedef uintptr_t rpc_vm_address_t;
typedef uintptr_t rpc_vm_offset_t;
typedef uintptr_t rpc_vm_size_t;

#endif /* _MACH_MACHINE_VM_TYPES_H_ */
