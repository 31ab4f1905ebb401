/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
