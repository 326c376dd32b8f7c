/*
 * Where the assembler finds what the usual event touches: members of struct
 * perf_cpu, perf_statistics, perf_slot, perf_activity and perf_interval, in
 * kernels for one processor.  layout.c holds each number to the structure.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef _PERF_LAYOUT_X86_H_
#define _PERF_LAYOUT_X86_H_

#define PERF_CPU_LIMITED 16
#define PERF_CPU_DUE 20
#define PERF_CPU_NEXT 24
#if defined(__x86_64__)
#define PERF_CPU_PLAIN_END 40
#define PERF_CPU_NEWEST 120
#define PERF_CPU_STATISTICS 192
#else
#define PERF_CPU_PLAIN_END 32
#define PERF_CPU_NEWEST 96
#define PERF_CPU_STATISTICS 128
#endif

#define PERF_STATISTICS_SIZE 1024
#define PERF_STATISTICS_SHIFT 10
#define PERF_STATISTICS_LAST 0
#define PERF_STATISTICS_LOW 64
#define PERF_STATISTICS_LIMIT 68
#define PERF_STATISTICS_TOTAL 72
#define PERF_STATISTICS_WORK 80

#define PERF_SLOT_SIZE 32
#define PERF_SLOT_TIMESTAMP 0
#define PERF_SLOT_WHAT 8
#define PERF_SLOT_DURATION 12
#define PERF_SLOT_TASK 16
#define PERF_SLOT_THREAD 20
#define PERF_SLOT_DATA1 24
#define PERF_SLOT_DATA2 28

#define PERF_ACTIVITY_KEY 0
#if defined(__x86_64__)
#define PERF_ACTIVITY_TASK 8
#define PERF_ACTIVITY_THREAD 12
#define PERF_ACTIVITY_SWITCHES 16
#define PERF_ACTIVITY_TRAP 20
#define PERF_ACTIVITY_CALL 24
#define PERF_ACTIVITY_SENDING 32
#define PERF_ACTIVITY_MESSAGE_ID 40
#define PERF_ACTIVITY_MESSAGE_SIZE 44
#define PERF_ACTIVITY_FAULT 48
#define PERF_ACTIVITY_FAULT_ADDRESS 56
#define PERF_ACTIVITY_FAULT_PROTECTION 60
#define PERF_ACTIVITY_END 64
#else
#define PERF_ACTIVITY_SHIFT 6 /* of its size */
#define PERF_ACTIVITY_TASK 4
#define PERF_ACTIVITY_THREAD 8
#define PERF_ACTIVITY_SWITCHES 12
#define PERF_ACTIVITY_TRAP 16
#define PERF_ACTIVITY_CALL 20
#define PERF_ACTIVITY_SENDING 28
#define PERF_ACTIVITY_MESSAGE_ID 32
#define PERF_ACTIVITY_MESSAGE_SIZE 36
#define PERF_ACTIVITY_FAULT 40
#define PERF_ACTIVITY_FAULT_ADDRESS 48
#define PERF_ACTIVITY_FAULT_PROTECTION 52
#define PERF_ACTIVITY_END 56
#endif
#define PERF_NO_KEY 1 /* nor 0 is one */

#define PERF_NESTED_SWITCHES 8

/* The upper half of an interval's word: it never began, or has ended. */
#define PERF_NEVER_HIGH 0xc0000000
#define PERF_WAITED_HIGH 0x80000000

#if defined(__x86_64__)
#define PERF_HEADER_ID 28   /* of a message */
#define PERF_HEADER_SIZE 32
#else
#define PERF_HEADER_ID 20
#define PERF_HEADER_SIZE 24
#endif

#define PERF_SEND 0
#define PERF_RECEIVE 1
#define PERF_SWITCH 8
#define PERF_INTERRUPT 9
#define PERF_SYSCALL 10
#define PERF_FAULT 11
#define PERF_EVENTS 64
#define PERF_WAITED 2 /* a flag */

#endif /* _PERF_LAYOUT_X86_H_ */
