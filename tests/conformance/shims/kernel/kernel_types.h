/*
 * The kernel's objects, opaque.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _CONFORMANCE_KERNEL_TYPES_H_
#define _CONFORMANCE_KERNEL_TYPES_H_

typedef struct ipc_port *ipc_port_t;
typedef struct ipc_space *ipc_space_t;
typedef struct vm_map *vm_map_t;
typedef struct vm_map_copy *vm_map_copy_t;
typedef struct vm_object *vm_object_t;
typedef struct task *task_t;
typedef struct thread *thread_t;
typedef struct host *host_t;
typedef struct processor *processor_t;
typedef struct processor_set *processor_set_t;
typedef struct mach_device *device_t;
typedef struct io_perm *io_perm_t;

#endif /* _CONFORMANCE_KERNEL_TYPES_H_ */
