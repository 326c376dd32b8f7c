/* Copyright (C) 2026 the perfmon authors.  SPDX-License-Identifier: GPL-2.0-or-later */
	.text
	.globl	interrupt
	.type	interrupt, @function
interrupt:
	pushl	%eax
	call	splx_cli
	popl	%eax
	ret
	.section .note.GNU-stack, "", @progbits
