// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of hostile paths.
 *
 * Some middleboxes drop a SYN that carries data or the fast open option. TCP
 * sends a plain one after its initial timeout, so every connection over such a
 * path costs a second more. After two such losses in a row the path is left
 * alone for a while, which doubles each time that a new try is lost, too.
 *
 * A path is a source and a destination address: the source as the caller bound
 * it, the wildcard where routing chooses.
 */
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <net/ipv6.h>
#include <net/netns/generic.h>
#include "core.h"

#define PATHS_MAX	1024
#define LOSSES		2
#define BACKOFF_MIN	(600 * NSEC_PER_SEC)
#define BACKOFF_MAX	(86400 * NSEC_PER_SEC)
/* While one connect tries a path again, the others do not. */
#define TRIAL		(10 * NSEC_PER_SEC)

/**
 * struct hostile_path - one path that has lost a SYN
 * @hash: in path_net.paths
 * @used: in path_net.used
 * @source: where from, without a port
 * @destination: where to, without a port
 * @losses: SYNs lost in a row
 * @backoffs: how often it has been left alone
 * @until: when it is tried again; 0 if it is not left alone
 */
struct hostile_path {
	struct hlist_node	hash;
	struct list_head	used;
	union kconnect_address	source;
	union kconnect_address	destination;
	unsigned int		losses;
	unsigned int		backoffs;
	u64			until;
};

/**
 * struct path_net - the paths of a namespace
 * @lock: guards all of it, and the paths
 * @count: how many there are
 * @paths: by their addresses
 * @used: the most recently used first
 */
struct path_net {
	spinlock_t		lock; /* everything here */
	unsigned int		count;
	DECLARE_HASHTABLE(paths, 8);
	struct list_head	used;
};

static unsigned int path_net_id __read_mostly;

static struct path_net *path_net(const struct net *net)
{
	return net_generic(net, path_net_id);
}

/* An address as a part of a path: its port does not matter. */
static void path_end(union kconnect_address *to,
		     const union kconnect_address *from, int family)
{
	memset(to, 0, sizeof(*to));
	to->sa.sa_family = family;
	if (from->sa.sa_family != family)
		return;
	if (family == AF_INET) {
		to->in.sin_addr = from->in.sin_addr;
	} else {
		to->in6.sin6_addr = from->in6.sin6_addr;
		to->in6.sin6_scope_id = from->in6.sin6_scope_id;
	}
}

static u32 path_hash(const union kconnect_address *source,
		     const union kconnect_address *destination)
{
	BUILD_BUG_ON(sizeof(*source) % sizeof(u32));
	return jhash2((const u32 *)source, sizeof(*source) / sizeof(u32),
		      jhash2((const u32 *)destination,
			     sizeof(*destination) / sizeof(u32), 0));
}

/* Under path_net.lock. */
static struct hostile_path *
path_find(struct path_net *pn, const union kconnect_address *source,
	  const union kconnect_address *destination)
{
	struct hostile_path *path;

	hash_for_each_possible(pn->paths, path, hash,
			       path_hash(source, destination))
		if (!memcmp(&path->source, source, sizeof(*source)) &&
		    !memcmp(&path->destination, destination,
			    sizeof(*destination)))
			return path;
	return NULL;
}

/* Under path_net.lock. */
static void path_forget(struct path_net *pn, struct hostile_path *path)
{
	hash_del(&path->hash);
	list_del(&path->used);
	pn->count--;
	kfree(path);
}

/* Under path_net.lock. Return: a path without losses, or NULL. */
static struct hostile_path *
path_make(struct path_net *pn, const union kconnect_address *source,
	  const union kconnect_address *destination)
{
	struct hostile_path *path;

	if (pn->count == PATHS_MAX)
		path_forget(pn, list_last_entry(&pn->used, struct hostile_path, used));
	path = kzalloc(sizeof(*path), GFP_ATOMIC);
	if (!path)
		return NULL;
	path->source = *source;
	path->destination = *destination;
	hash_add(pn->paths, &path->hash, path_hash(source, destination));
	list_add(&path->used, &pn->used);
	pn->count++;
	return path;
}

/**
 * path_hostile - is fast open to be left out on a path?
 * @net: the namespace
 * @local: what the socket was bound to
 * @remote: where it connects
 *
 * When the time has come to try again, this says no to one caller only.
 *
 * Context: any.
 * Return: true if it is.
 */
bool path_hostile(const struct net *net, const union kconnect_address *local,
		  const union kconnect_address *remote)
{
	struct path_net *pn = path_net(net);
	union kconnect_address source, destination;
	u64 now = ktime_get_ns();
	bool hostile = false;
	unsigned long flags;
	struct hostile_path *path;

	if (!READ_ONCE(pn->count))
		return false;
	path_end(&source, local, remote->sa.sa_family);
	path_end(&destination, remote, remote->sa.sa_family);
	spin_lock_irqsave(&pn->lock, flags);
	path = path_find(pn, &source, &destination);
	if (path && path->until) {
		list_move(&path->used, &pn->used);
		hostile = path->until > now;
		if (!hostile)
			path->until = now + TRIAL;
	}
	spin_unlock_irqrestore(&pn->lock, flags);
	return hostile;
}

static u64 path_backoff(unsigned int backoffs)
{
	return min_t(u64, BACKOFF_MAX, BACKOFF_MIN << min(backoffs, 16U));
}

/**
 * path_learn - remember how a SYN with data or the fast open option fared
 * @net: the namespace
 * @local: what the socket was bound to
 * @remote: where it connected
 * @lost: it was lost, and the plain one after it was not
 *
 * Context: any.
 */
void path_learn(const struct net *net, const union kconnect_address *local,
		const union kconnect_address *remote, bool lost)
{
	struct path_net *pn = path_net(net);
	union kconnect_address source, destination;
	unsigned long flags;
	struct hostile_path *path;

	if (!lost && !READ_ONCE(pn->count))
		return;
	path_end(&source, local, remote->sa.sa_family);
	path_end(&destination, remote, remote->sa.sa_family);
	spin_lock_irqsave(&pn->lock, flags);
	path = path_find(pn, &source, &destination);
	if (!lost) {
		if (path)
			path_forget(pn, path);
		goto unlock;
	}
	if (!path)
		path = path_make(pn, &source, &destination);
	if (!path)
		goto unlock;
	path->losses++;
	if (path->losses >= LOSSES)
		path->until = ktime_get_ns() + path_backoff(path->backoffs++);
unlock:
	spin_unlock_irqrestore(&pn->lock, flags);
}

/**
 * kconnect_path_get - look at the memory of hostile paths
 * @net: the namespace
 * @index: 0 is the most recently used one
 * @info: what there is to say about it
 *
 * Context: any.
 * Return: false if there are no more.
 */
bool kconnect_path_get(struct net *net, unsigned int index,
		       struct kconnect_path *info)
{
	struct path_net *pn = path_net(net);
	u64 now = ktime_get_ns();
	bool found = false;
	struct hostile_path *path;
	unsigned long flags;

	spin_lock_irqsave(&pn->lock, flags);
	list_for_each_entry(path, &pn->used, used) {
		if (index--)
			continue;
		info->source = path->source;
		info->destination = path->destination;
		info->losses = path->losses;
		info->backoffs = path->backoffs;
		info->retry_in = path->until > now ? path->until - now : 0;
		found = true;
		break;
	}
	spin_unlock_irqrestore(&pn->lock, flags);
	return found;
}
EXPORT_SYMBOL_GPL(kconnect_path_get);

/**
 * kconnect_path_clear - forget hostile paths
 * @net: the namespace
 * @remote: those to this address, or all if NULL; its port does not matter
 *
 * Context: any.
 * Return: how many were forgotten.
 */
unsigned int kconnect_path_clear(struct net *net,
				 const union kconnect_address *remote)
{
	struct path_net *pn = path_net(net);
	union kconnect_address destination;
	struct hostile_path *path, *next;
	unsigned int count = 0;
	unsigned long flags;

	if (remote)
		path_end(&destination, remote, remote->sa.sa_family);
	spin_lock_irqsave(&pn->lock, flags);
	list_for_each_entry_safe(path, next, &pn->used, used) {
		if (remote && memcmp(&path->destination, &destination,
				     sizeof(destination)))
			continue;
		path_forget(pn, path);
		count++;
	}
	spin_unlock_irqrestore(&pn->lock, flags);
	return count;
}
EXPORT_SYMBOL_GPL(kconnect_path_clear);

static int __net_init path_net_enter(struct net *net)
{
	struct path_net *pn = path_net(net);

	spin_lock_init(&pn->lock);
	hash_init(pn->paths);
	INIT_LIST_HEAD(&pn->used);
	return 0;
}

static void __net_exit path_net_leave(struct net *net)
{
	kconnect_path_clear(net, NULL);
}

static struct pernet_operations path_net_operations = {
	.init	= path_net_enter,
	.exit	= path_net_leave,
	.id	= &path_net_id,
	.size	= sizeof(struct path_net),
};

int path_init(void)
{
	return register_pernet_subsys(&path_net_operations);
}

void path_exit(void)
{
	unregister_pernet_subsys(&path_net_operations);
}
