/*
 * A client of calculator.defs, in C, on the user stubs that mig generates.
 *
 * Copyright (C) 2026 the perfmon authors.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "calculator.h"
#include "socket_mach.h"

static void
check(kern_return_t result, const char *what)
{
	if (result != KERN_SUCCESS) {
		fprintf(stderr, "%s: %d\n", what, result);
		exit(EXIT_FAILURE);
	}
}

int
main(int argc, char **argv)
{
	mach_port_t server;
	uint32_t sum, quotient, remainder;

	if (argc != 2) {
		fprintf(stderr, "usage: client SOCKET\n");
		return 2;
	}
	server = socket_mach_connect(argv[1], "calculator");

	check(calculator_add(server, 2, 40, &sum), "calculator_add");
	printf("2 + 40 = %" PRIu32 "\n", sum);
	check(calculator_divide(server, 1000, 7, &quotient, &remainder), "calculator_divide");
	printf("1000 / 7 = %" PRIu32 ", remainder %" PRIu32 "\n", quotient, remainder);
	if (calculator_divide(server, 1, 0, &quotient, &remainder) == KERN_INVALID_ARGUMENT)
		printf("1 / 0: KERN_INVALID_ARGUMENT\n");
	return EXIT_SUCCESS;
}
