/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share. Nothing here knows netlink.
 *
 * Locks, outermost first:
 *
 *	kconnect_socket.mutex	process context; one operation at a time
 *	the TCP socket's lock	taken by TCP, held when it calls us back
 *	sk->sk_callback_lock	read in a callback; written to install and remove
 *	kconnect_socket.lock	lists and state; nothing is called under it
 */
#ifndef _KCONNECT_CORE_H
#define _KCONNECT_CORE_H

#include <linux/kconnect.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/sock.h>

/**
 * enum socket_state - a socket's life
 * @SOCKET_NEW: there is no TCP socket yet
 * @SOCKET_OPEN: there is, not bound
 * @SOCKET_BOUND: bound
 * @SOCKET_CONNECTING: a connect is under way
 * @SOCKET_CONNECTED: a connect has succeeded
 * @SOCKET_DEAD: it could not be made, or its connect failed: only to be closed
 * @SOCKET_CLOSED: it is closed
 */
enum socket_state {
	SOCKET_NEW,
	SOCKET_OPEN,
	SOCKET_BOUND,
	SOCKET_CONNECTING,
	SOCKET_CONNECTED,
	SOCKET_DEAD,
	SOCKET_CLOSED,
};

/**
 * struct kconnect_socket - a kernel-held TCP socket
 * @ref: held by the creator until kconnect_close() has run, by each IRP that
 *	has not completed, and by @work while it is queued
 * @mutex: one operation at a time is started or moved on in process context
 * @lock: guards @state, @queue, @connect, @receives and @sends
 * @state: see &enum socket_state; changes with @mutex held or, in a callback
 *	that completes the connect, with @lock
 * @queue: IRPs that are still to be started
 * @connect: the pending connect IRP. Who takes it from here completes it
 * @receives: pending receive IRPs, in order; completed under @mutex only
 * @sends: pending send and disconnect IRPs, likewise
 * @net: where it lives; a reference is held
 * @sock: the TCP socket; set and cleared under @mutex
 * @work: does in process context what the atomic callers and callbacks want
 * @family: AF_INET or AF_INET6
 * @disconnecting: a graceful disconnect was asked for: nothing more is sent
 * @called_off: a cancel or a deadline has claimed an IRP since we last looked
 * @half_open: the connect is a probe, see &struct kconnect_open
 * @fast_open: the caller set TCP_FASTOPEN
 * @fast_open_withheld: why it was not asked for all the same; 0 if it was
 * @local: what the socket was bound to
 * @state_change: TCP's own callback, as are the next three
 * @data_ready: see @state_change
 * @write_space: see @state_change
 * @error_report: see @state_change
 * @rcu: frees it after a cancel that found it has let go
 */
struct kconnect_socket {
	refcount_t		ref;
	struct mutex		mutex; /* starting and moving on operations */
	spinlock_t		lock; /* state and lists, see above */
	enum socket_state	state;
	struct list_head	queue;
	struct kconnect_irp	*connect;
	struct list_head	receives;
	struct list_head	sends;
	struct net		*net;
	struct socket		*sock;
	struct work_struct	work;
	u16			family;
	bool			disconnecting;
	bool			called_off;
	bool			half_open;
	bool			fast_open;
	u8			fast_open_withheld;
	union kconnect_address	local;
	void			(*state_change)(struct sock *sk);
	void			(*data_ready)(struct sock *sk);
	void			(*write_space)(struct sock *sk);
	void			(*error_report)(struct sock *sk);
	struct rcu_head		rcu;
};

/* irp.c */
int irp_refuse(struct kconnect_irp *irp, int status, const char *message);
int irp_fail(struct kconnect_irp *irp, int status, const char *message);
int irp_fail_dead(struct kconnect_irp *irp);
int irp_submit(struct kconnect_socket *ks, struct kconnect_irp *irp,
	       int (*start)(struct kconnect_socket *ks,
			    struct kconnect_irp *irp));
bool irp_claim(struct kconnect_irp *irp, int status);
bool irp_claimed(const struct kconnect_irp *irp);
bool irp_may_sleep(const struct kconnect_irp *irp);
int irp_status(const struct kconnect_irp *irp);
int irp_complete(struct kconnect_irp *irp, int status);
int irp_settle(struct kconnect_irp *irp, int status);
void irp_finish(struct kconnect_irp *irp);
void irp_arm(struct kconnect_irp *irp);

/* socket.c */
int socket_make(struct kconnect_socket *ks, int protocol);
int socket_bind(struct kconnect_socket *ks, union kconnect_address *local);
int socket_run(struct kconnect_socket *ks, const struct kconnect_irp *mine);
void socket_kick(struct kconnect_socket *ks);
void socket_set_state(struct kconnect_socket *ks, enum socket_state state);
struct kconnect_socket *socket_alloc(const struct kconnect_open *open,
				     gfp_t gfp);
bool socket_get_unless_zero(struct kconnect_socket *ks);
void socket_put(struct kconnect_socket *ks);
int socket_open_refuse(const struct kconnect_open *open,
		       struct kconnect_irp *irp);
void socket_end_irps(struct kconnect_socket *ks, enum socket_state state,
		     bool abort);
bool address_set(union kconnect_address *to, const void *from, int len,
		 int family);
int socket_init(void);
void socket_exit(void);

/* control.c */
int socket_set_option(struct kconnect_socket *ks,
		      const struct kconnect_option *option,
		      const char **message);

/* connect.c */
void connect_advance(struct kconnect_socket *ks);
struct kconnect_irp *connect_event(struct kconnect_socket *ks,
				   struct sock *sk);
void connect_abort(struct kconnect_socket *ks);
void connect_addresses(const struct sock *sk, struct kconnect_result *result);

/* fastopen.c */
int fastopen_connect(struct kconnect_socket *ks, struct kconnect_irp *irp);
void fastopen_outcome(const struct kconnect_socket *ks,
		      const struct sock *sk, struct kconnect_irp *irp);

/* path.c */
bool path_hostile(const struct net *net, const union kconnect_address *local,
		  const union kconnect_address *remote);
void path_learn(const struct net *net, const union kconnect_address *local,
		const union kconnect_address *remote, bool lost);
int path_init(void);
void path_exit(void);

/* transfer.c */
void transfer_advance(struct kconnect_socket *ks);

#endif /* _KCONNECT_CORE_H */
