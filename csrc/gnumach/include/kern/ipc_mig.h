/* Stands in for the kernel's own header.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <perf_kernel.h>
