// SPDX-License-Identifier: GPL-2.0-only
/*
 * kconnect: TCP connections from inside the kernel, with first data on board.
 */
#include <linux/module.h>
#include <net/genetlink.h>
#include "core.h"
#include "session.h"

static int __init kconnect_init(void)
{
	int err;

	err = socket_init();
	if (err)
		return err;
	err = path_init();
	if (err)
		goto err_path;
	err = session_init();
	if (err)
		goto err_session;
	err = net_init();
	if (err)
		goto err_net;
	err = netlink_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	net_exit();
err_net:
	session_exit();
err_session:
	path_exit();
err_path:
	socket_exit();
	return err;
}

/*
 * ORDER: without the family no message comes in any more; then every
 * namespace ends its sessions, which closes their sockets; then the works run
 * dry.
 */
static void __exit kconnect_exit(void)
{
	netlink_exit();
	net_exit();
	session_exit();
	socket_exit();
	path_exit();
}

module_init(kconnect_init);
module_exit(kconnect_exit);

MODULE_DESCRIPTION("Asynchronous in-kernel TCP connect with first data");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
MODULE_ALIAS_GENL_FAMILY(KCONNECT_FAMILY_NAME);
