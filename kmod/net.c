// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kconnect keeps for each network namespace.
 *
 * Sessions and sockets hold references to their namespace, so a namespace
 * ends only when there are none left in it. The exits below find sessions when
 * the module is unloaded.
 */
#include <net/netns/generic.h>
#include "session.h"

static unsigned int net_id __read_mostly;

struct kconnect_net *kconnect_net(struct net *net)
{
	return net_generic(net, net_id);
}

static int __net_init net_enter(struct net *net)
{
	struct kconnect_net *kn = kconnect_net(net);

	mutex_init(&kn->mutex);
	xa_init(&kn->sessions);
	return 0;
}

static void __net_exit net_close(struct net *net)
{
	session_end_all(kconnect_net(net));
}

/* A grace period after net_close(), so no callback is under way either. */
static void __net_exit net_leave(struct net *net)
{
	session_flush();
	xa_destroy(&kconnect_net(net)->sessions);
}

static struct pernet_operations net_operations = {
	.init		= net_enter,
	.pre_exit	= net_close,
	.exit		= net_leave,
	.id		= &net_id,
	.size		= sizeof(struct kconnect_net),
};

int net_init(void)
{
	return register_pernet_subsys(&net_operations);
}

void net_exit(void)
{
	unregister_pernet_subsys(&net_operations);
}
