/* Copyright (C) 2026 the perfmon authors.  SPDX-License-Identifier: GPL-2.0-or-later */
	.text
	.globl	splx_cli
	.type	splx_cli, @function
splx_cli:
	cli
	ret
	.section .note.GNU-stack, "", @progbits
