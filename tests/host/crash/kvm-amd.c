// SPDX-License-Identifier: GPL-2.0-only
/* A kvm_amd that crashes while it is loaded. */
#include <linux/module.h>

static int __init crash(void)
{
	*(volatile int *)8 = 1;
	return 0;
}
module_init(crash);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Crashes");
