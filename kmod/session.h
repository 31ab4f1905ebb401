/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions: what the clients of the netlink family own.
 *
 * Everything from here up is a user of the in-kernel API and of nothing else
 * of the core.
 */
#ifndef _KCONNECT_SESSION_H
#define _KCONNECT_SESSION_H

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/kconnect.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#define SESSION_OUTSTANDING_MAX	262144
#define SESSION_SOCKETS_MAX	262144

/**
 * struct kconnect_net - what there is in one network namespace
 * @mutex: one session is made at a time
 * @sessions: struct session by port id
 * @session_count: how many there are
 * @socket_count: how many sockets they have
 * @submitted: requests ever submitted
 * @completed: requests ever completed
 */
struct kconnect_net {
	struct mutex	mutex; /* making sessions */
	struct xarray	sessions;
	atomic_t	session_count;
	atomic_t	socket_count;
	atomic64_t	submitted;
	atomic64_t	completed;
};

/**
 * struct session - the sockets and requests of one netlink socket
 * @ref: held by its owner until the end, by each request until its completion
 *	is delivered, and by each work while it is queued
 * @net: its namespace; a reference is held
 * @kn: what kconnect knows of @net
 * @portid: its owner's port id
 * @owner: its owner, only to be compared: a port id can be in use again before
 *	we are told that its former owner has closed
 * @mutex: one submit, delivery or end at a time; guards @sockets and
 *	@socket_count
 * @sockets: struct session_socket by handle
 * @socket_count: how many there are
 * @lock: guards @pending, @done, @outstanding, @busy, @overrun and @retry
 * @pending: requests that have not completed, by cookie
 * @done: requests that have, in that order, until they are delivered
 * @outstanding: how many are in the two together
 * @busy: a submit is under way, and will deliver what completes meanwhile
 * @overrun: the owner's receive buffer was full; nothing is sent until it reaps
 *	or @deliver tries again
 * @retry: @deliver is to try again
 * @closed: the owner has closed, there is nobody to deliver to
 * @deliver: sends what is in @done
 * @end: closes everything
 * @rcu: frees it after a look-up that found it has let go
 */
struct session {
	refcount_t		ref;
	struct net		*net;
	struct kconnect_net	*kn;
	u32			portid;
	const struct sock	*owner;
	struct mutex		mutex; /* submit, delivery, end */
	struct xarray		sockets;
	unsigned int		socket_count;
	spinlock_t		lock; /* completions, see above */
	DECLARE_HASHTABLE(pending, 8);
	struct list_head	done;
	unsigned int		outstanding;
	bool			busy;
	bool			overrun;
	bool			retry;
	bool			closed;
	struct delayed_work	deliver;
	struct work_struct	end;
	struct rcu_head		rcu;
};

/**
 * struct session_socket - a socket under its handle
 * @ks: the socket
 * @opener: the undelivered socket-connect request that made it; if it fails,
 *	its delivery closes the socket
 */
struct session_socket {
	struct kconnect_socket	*ks;
	struct request		*opener;
};

/**
 * struct request - one request of a session, and the record of its completion
 * @irp: the request as the core sees it
 * @session: whose it is; a reference is held
 * @hash: in session->pending
 * @list: in session->done, or among those of a submit that are still to be run
 * @opened: the socket that this socket-connect made, see &struct session_socket
 * @cookie: the caller's name for it
 * @operation: what it asks for
 * @handle: the socket it is about
 * @flags: as submitted, as are the next ones up to @disposition
 * @family: see @flags
 * @protocol: see @flags
 * @length: see @flags
 * @disposition: see @flags
 * @local: a struct sockaddr in the submit message, gone when that is
 * @remote: likewise
 * @local_len: bytes at @local
 * @remote_len: bytes at @remote
 * @n_remotes: how many remote addresses there were
 * @data: first data, or room for what is received
 * @n_options: how many options there are
 * @options: the options; their values and @data come behind them
 */
struct request {
	struct kconnect_irp	irp;
	struct session		*session;
	struct hlist_node	hash;
	struct list_head	list;
	struct session_socket	*opened;
	u64			cookie;
	u32			operation;
	u32			handle;
	u32			flags;
	u32			family;
	u32			protocol;
	u32			length;
	u32			disposition;
	const void		*local;
	const void		*remote;
	int			local_len;
	int			remote_len;
	unsigned int		n_remotes;
	struct kvec		data;
	unsigned int		n_options;
	struct kconnect_option	options[];
};

/* net.c */
struct kconnect_net *kconnect_net(struct net *net);
int net_init(void);
void net_exit(void);

/* session.c */
struct session *session_find(struct net *net, u32 portid,
			     const struct sock *owner);
struct session *session_find_or_make(struct net *net, u32 portid,
				     const struct sock *owner);
void session_put(struct session *session);
void session_release(struct net *net, u32 portid);
void session_end_all(struct kconnect_net *kn);
bool session_reserve(struct session *session, unsigned int n);
void session_unreserve(struct session *session, unsigned int n);
void session_submit_begin(struct session *session);
void session_submit_end(struct session *session);
void session_pend(struct session *session, struct request *request);
void session_complete(struct session *session, struct request *request);
unsigned int session_cancel_cookie(struct session *session, u64 cookie);
unsigned int session_cancel(struct session *session,
			    bool (*match)(const struct request *request,
					  u64 key), u64 key);
void session_take(struct session *session, struct list_head *to);
void session_hold(struct session *session, struct list_head *from);
void session_postpone(struct session *session, struct list_head *from);
void session_overrun(struct session *session, struct list_head *from);
bool session_resume(struct session *session);
u64 session_outstanding(struct kconnect_net *kn);
void session_flush(void);
int session_init(void);
void session_exit(void);

/* request.c */
struct request *request_new(struct session *session, unsigned int n_options,
			    size_t bytes, u64 timeout);
void request_run(struct request *request);
void request_settle(struct request *request);
void request_free(struct request *request);
void socket_close_now(struct session *session, u32 handle);
struct file *socket_export(struct session *session, u32 handle);

/* netlink.c */
void netlink_deliver(struct session *session);
int netlink_init(void);
void netlink_exit(void);

#endif /* _KCONNECT_SESSION_H */
