// SPDX-License-Identifier: GPL-2.0-only
/*
 * A socket's life: make, bind, run what is asked of it in order, close.
 */
#include <net/tcp.h>
#include "core.h"

static struct workqueue_struct *socket_wq;

static int close_start(struct kconnect_socket *ks, struct kconnect_irp *irp);

bool socket_get_unless_zero(struct kconnect_socket *ks)
{
	return refcount_inc_not_zero(&ks->ref);
}

void socket_put(struct kconnect_socket *ks)
{
	if (!refcount_dec_and_test(&ks->ref))
		return;
	put_net(ks->net);
	kfree_rcu(ks, rcu);
}

void socket_set_state(struct kconnect_socket *ks, enum socket_state state)
{
	unsigned long flags;

	spin_lock_irqsave(&ks->lock, flags);
	ks->state = state;
	spin_unlock_irqrestore(&ks->lock, flags);
}

/**
 * socket_kick - have the socket looked at in process context, soon
 * @ks: the socket; a reference is held as long as the work is queued
 *
 * Context: any; may be under kconnect_socket.lock.
 */
void socket_kick(struct kconnect_socket *ks)
{
	refcount_inc(&ks->ref);
	if (!queue_work(socket_wq, &ks->work))
		refcount_dec(&ks->ref); /* the caller has one, too */
}

/*
 * The work, which has no caller's identity (@mine is NULL), leaves an IRP whose
 * caller may sleep to that caller, who is on the way.
 */
static struct kconnect_irp *socket_next(struct kconnect_socket *ks,
					const struct kconnect_irp *mine)
{
	struct kconnect_irp *irp;
	unsigned long flags;

	spin_lock_irqsave(&ks->lock, flags);
	irp = list_first_entry_or_null(&ks->queue, struct kconnect_irp, node);
	if (irp && !mine && irp_may_sleep(irp))
		irp = NULL;
	if (irp)
		list_del_init(&irp->node);
	spin_unlock_irqrestore(&ks->lock, flags);
	return irp;
}

/**
 * socket_run - start what has been asked of a socket, in its order
 * @ks: the socket
 * @mine: the caller's IRP; it may complete, and be gone, in here. NULL in the
 *	socket's work
 *
 * Return: @mine's status if this completed it, else -EINPROGRESS.
 */
int socket_run(struct kconnect_socket *ks, const struct kconnect_irp *mine)
{
	int result = -EINPROGRESS;
	struct kconnect_irp *irp;
	int status;

	mutex_lock(&ks->mutex);
	while ((irp = socket_next(ks, mine))) {
		bool wanted = irp == mine;

		/* Ended before it began; but a close is never called off. */
		if (irp_claimed(irp) && irp->start != close_start)
			status = irp_complete(irp, 0);
		else
			status = irp->start(ks, irp);
		if (wanted)
			result = status;
	}
	mutex_unlock(&ks->mutex);
	return result;
}

static void socket_work(struct work_struct *work)
{
	struct kconnect_socket *ks = container_of(work, struct kconnect_socket,
						  work);

	socket_run(ks, NULL);
	mutex_lock(&ks->mutex);
	connect_advance(ks);
	transfer_advance(ks);
	mutex_unlock(&ks->mutex);
	socket_put(ks);
}

/*
 * TCP calls the next four with its lock held, in softirq or in the middle of
 * a call that we make ourselves. sk_callback_lock keeps the socket in place.
 * What they complete completes under it, so that nothing does after
 * socket_unhook().
 */
static struct kconnect_socket *socket_enter(struct sock *sk)
	__acquires(&sk->sk_callback_lock)
{
	read_lock_bh(&sk->sk_callback_lock);
	return sk->sk_user_data;
}

static void socket_leave(struct sock *sk, struct kconnect_irp *done)
	__releases(&sk->sk_callback_lock)
{
	if (done)
		irp_finish(done);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void socket_state_change(struct sock *sk)
{
	struct kconnect_socket *ks = socket_enter(sk);
	struct kconnect_irp *done = NULL;

	if (ks) {
		ks->state_change(sk);
		done = connect_event(ks, sk);
	}
	socket_leave(sk, done);
}

static void socket_error_report(struct sock *sk)
{
	struct kconnect_socket *ks = socket_enter(sk);
	struct kconnect_irp *done = NULL;

	if (ks) {
		ks->error_report(sk);
		done = connect_event(ks, sk);
	}
	socket_leave(sk, done);
}

static void socket_write_space(struct sock *sk)
{
	struct kconnect_socket *ks = socket_enter(sk);

	if (ks) {
		ks->write_space(sk);
		/* TCP only tells those who ran out of space before. */
		if (READ_ONCE(ks->state) == SOCKET_CONNECTING ||
		    !list_empty_careful(&ks->sends))
			socket_kick(ks);
	}
	socket_leave(sk, NULL);
}

static void socket_data_ready(struct sock *sk)
{
	struct kconnect_socket *ks = socket_enter(sk);

	if (ks) {
		ks->data_ready(sk);
		if (!list_empty_careful(&ks->receives))
			socket_kick(ks);
	}
	socket_leave(sk, NULL);
}

static void socket_hook(struct kconnect_socket *ks)
{
	struct sock *sk = ks->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	ks->state_change = sk->sk_state_change;
	ks->data_ready = sk->sk_data_ready;
	ks->write_space = sk->sk_write_space;
	ks->error_report = sk->sk_error_report;
	sk->sk_user_data = ks;
	sk->sk_state_change = socket_state_change;
	sk->sk_data_ready = socket_data_ready;
	sk->sk_write_space = socket_write_space;
	sk->sk_error_report = socket_error_report;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* After this no callback sees @ks, nor is one still at it. */
static void socket_unhook(struct kconnect_socket *ks)
{
	struct sock *sk = ks->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_state_change = ks->state_change;
	sk->sk_data_ready = ks->data_ready;
	sk->sk_write_space = ks->write_space;
	sk->sk_error_report = ks->error_report;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

/**
 * socket_make - make the TCP socket
 * @ks: a new socket
 * @protocol: IPPROTO_TCP or 0
 *
 * It is made as a program would make it (sock_create(), not its _kern
 * sibling): security modules, cgroups and their memory limits see the caller,
 * and the TCP socket holds a reference to its namespace, without which its
 * timers could outlive the namespace.
 *
 * Context: process, mutex held.
 */
int socket_make(struct kconnect_socket *ks, int protocol)
{
	int one = 1;
	int err;

	err = __sock_create(ks->net, ks->family, SOCK_STREAM,
			    protocol ?: IPPROTO_TCP, &ks->sock, 0);
	if (err)
		goto dead;

	/* A bind to port 0 must not use up a port for every destination. */
	err = ks->sock->ops->setsockopt(ks->sock, SOL_IP,
					IP_BIND_ADDRESS_NO_PORT,
					KERNEL_SOCKPTR(&one), sizeof(one));
	if (err)
		goto release;
	socket_hook(ks);
	socket_set_state(ks, SOCKET_OPEN);
	return 0;

release:
	sock_release(ks->sock);
dead:
	ks->sock = NULL;
	socket_set_state(ks, SOCKET_DEAD);
	return err;
}

struct kconnect_socket *socket_alloc(const struct kconnect_open *open,
				     gfp_t gfp)
{
	struct kconnect_socket *ks;

	ks = kzalloc(sizeof(*ks), gfp | __GFP_ACCOUNT);
	if (!ks)
		return NULL;
	refcount_set(&ks->ref, 1);
	mutex_init(&ks->mutex);
	spin_lock_init(&ks->lock);
	INIT_LIST_HEAD(&ks->queue);
	INIT_LIST_HEAD(&ks->receives);
	INIT_LIST_HEAD(&ks->sends);
	INIT_WORK(&ks->work, socket_work);
	ks->family = open->family;
	ks->half_open = open->half_open;
	ks->net = get_net(open->net);
	return ks;
}

/**
 * socket_open_refuse - refuse a socket that cannot be made
 * @open: what is asked for
 * @irp: completed if it is refused
 *
 * Return: 0, or the status that @irp completed with.
 */
int socket_open_refuse(const struct kconnect_open *open,
		       struct kconnect_irp *irp)
{
	if (open->family != AF_INET && open->family != AF_INET6)
		return irp_refuse(irp, -EAFNOSUPPORT,
				  "the family is neither AF_INET nor AF_INET6");
	if (open->protocol && open->protocol != IPPROTO_TCP)
		return irp_refuse(irp, -EPROTONOSUPPORT,
				  "the protocol is not IPPROTO_TCP");
	return 0;
}

static int socket_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	return irp_settle(irp, socket_make(ks, irp->open.protocol));
}

/**
 * kconnect_socket - make a stream socket (WskSocket)
 * @open: what kind; not needed after the call
 * @irp: an initialised IRP
 *
 * Context: see &struct kconnect_irp and the top of this header.
 * Return: the socket, which must be closed with kconnect_close() whatever
 * becomes of @irp; an ERR_PTR() if there is none, and then @irp has completed
 * with the same error: -EAFNOSUPPORT, -EPROTONOSUPPORT, -ENOMEM. @irp can also
 * complete with what sock_create() returns, -EACCES for one.
 */
struct kconnect_socket *kconnect_socket(const struct kconnect_open *open,
					struct kconnect_irp *irp)
{
	struct kconnect_socket *ks;
	int err;

	err = socket_open_refuse(open, irp);
	if (err)
		return ERR_PTR(err);
	ks = socket_alloc(open, irp->gfp);
	if (!ks)
		return ERR_PTR(irp_refuse(irp, -ENOMEM, NULL));
	irp->open = *open;
	irp_submit(ks, irp, socket_start);
	return ks;
}
EXPORT_SYMBOL_GPL(kconnect_socket);

/**
 * address_set - take over an address if it is a whole one of a family
 * @to: where to
 * @from: a struct sockaddr_in or sockaddr_in6
 * @len: its length
 * @family: the family it must be of
 *
 * Return: true if it was.
 */
bool address_set(union kconnect_address *to, const void *from, int len,
		 int family)
{
	int want = family == AF_INET6 ? sizeof(to->in6) : sizeof(to->in);

	memset(to, 0, sizeof(*to));
	if (len != want)
		return false;
	memcpy(to, from, len);
	return to->sa.sa_family == family;
}

int socket_bind(struct kconnect_socket *ks, union kconnect_address *local)
{
	int err;

	err = kernel_bind(ks->sock, (void *)local, sizeof(*local));
	if (!err) {
		ks->local = *local;
		socket_set_state(ks, SOCKET_BOUND);
	}
	return err;
}

static int bind_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	switch (ks->state) {
	case SOCKET_OPEN:
		return irp_settle(irp, socket_bind(ks, &irp->address));
	case SOCKET_NEW:
	case SOCKET_DEAD:
	case SOCKET_CLOSED:
		return irp_fail_dead(irp);
	default:
		return irp_fail(irp, -EINVAL, "the socket is bound already");
	}
}

/**
 * kconnect_bind - bind a socket to a local address (WskBind)
 * @ks: a socket that is not bound
 * @local: a struct sockaddr_in or sockaddr_in6, as the socket's family; the
 *	wildcard leaves the address to routing. Port 0 takes no port until the
 *	connect
 * @local_len: its length
 * @flags: reserved, must be 0
 * @irp: an initialised IRP
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS, or what @irp completed with: -EINVAL for flags, an
 * address that does not fit or a socket that is bound, -ESHUTDOWN for one that
 * is dead, -EADDRINUSE, -EADDRNOTAVAIL, -EACCES.
 */
int kconnect_bind(struct kconnect_socket *ks, const void *local, int local_len,
		  u32 flags, struct kconnect_irp *irp)
{
	if (flags)
		return irp_refuse(irp, -EINVAL,
				  "flags are reserved and must be zero");
	if (!address_set(&irp->address, local, local_len, ks->family))
		return irp_refuse(irp, -EINVAL,
				  "the local address is not a whole one of the socket's family");
	return irp_submit(ks, irp, bind_start);
}
EXPORT_SYMBOL_GPL(kconnect_bind);

/* Takes every pending IRP off the socket; each is then the caller's to finish. */
static void socket_take_irps(struct kconnect_socket *ks,
			     enum socket_state state, struct list_head *taken)
{
	unsigned long flags;

	spin_lock_irqsave(&ks->lock, flags);
	ks->state = state;
	list_splice_init(&ks->sends, taken);
	list_splice_init(&ks->receives, taken);
	if (ks->connect)
		list_add(&ks->connect->node, taken);
	ks->connect = NULL;
	spin_unlock_irqrestore(&ks->lock, flags);
}

/**
 * socket_end_irps - cancel and complete every pending IRP of a socket
 * @ks: the socket
 * @state: what the socket is from now on
 * @abort: end the connection before they complete
 *
 * Context: process, mutex held.
 */
void socket_end_irps(struct kconnect_socket *ks, enum socket_state state,
		     bool abort)
{
	struct kconnect_irp *irp, *next;
	LIST_HEAD(taken);

	socket_take_irps(ks, state, &taken);
	list_for_each_entry(irp, &taken, node)
		irp_claim(irp, -ECANCELED);
	if (abort && ks->sock)
		connect_abort(ks);
	list_for_each_entry_safe(irp, next, &taken, node) {
		list_del_init(&irp->node);
		irp_finish(irp);
	}
}

/* Both ends have said that they are done: no RST is due, whatever is asked. */
static bool socket_disconnected(const struct kconnect_socket *ks)
{
	return ks->sock && (1 << inet_sk_state_load(ks->sock->sk)) &
			   (TCPF_LAST_ACK | TCPF_CLOSING | TCPF_TIME_WAIT |
			    TCPF_CLOSE);
}

/*
 * A connect that is under way is never left to TCP: the attempt ends here.
 * WSK's abortive close is a RST where there is somebody to send it to.
 */
static int close_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	bool abort = ks->state == SOCKET_CONNECTING ||
		     (irp->disposition == KCONNECT_DISPOSITION_ABORTIVE &&
		      !socket_disconnected(ks));
	int status;

	socket_end_irps(ks, SOCKET_CLOSED, abort);
	if (ks->sock) {
		socket_unhook(ks);
		sock_release(ks->sock);
		ks->sock = NULL;
	}
	status = irp_settle(irp, 0);
	socket_put(ks); /* the creator's */
	return status;
}

/**
 * kconnect_close - close a socket (WskCloseSocket)
 * @ks: the socket; the caller must not use it after this call
 * @disposition: how; a connect that is under way is always aborted, and a
 *	connection that both ends have ended never
 * @irp: an initialised IRP, which must not have a timeout
 *
 * Pending IRPs of the socket complete first, with -ECANCELED unless something
 * else came before. Those asked for after this call complete with -ESHUTDOWN.
 *
 * Context: see the top of this header.
 * Return: 0 or -EINPROGRESS.
 */
int kconnect_close(struct kconnect_socket *ks,
		   enum kconnect_disposition disposition,
		   struct kconnect_irp *irp)
{
	irp->disposition = disposition;
	return irp_submit(ks, irp, close_start);
}
EXPORT_SYMBOL_GPL(kconnect_close);

static bool socket_idle(struct kconnect_socket *ks)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&ks->lock, flags);
	idle = list_empty(&ks->queue) && list_empty(&ks->receives) &&
	       list_empty(&ks->sends);
	spin_unlock_irqrestore(&ks->lock, flags);
	return idle;
}

/**
 * kconnect_detach - take the TCP socket out of kconnect's hands
 * @ks: a connected socket; if this succeeds, the caller must not use it any
 *	more, and does not close it
 *
 * What has arrived stays to be read from the TCP socket.
 *
 * Context: process; may sleep.
 * Return: the TCP socket, for the caller to release; or an ERR_PTR() with
 * -ENOTCONN, -ESHUTDOWN if it is dead, or -EBUSY if IRPs are pending.
 */
struct socket *kconnect_detach(struct kconnect_socket *ks)
{
	struct socket *sock;

	mutex_lock(&ks->mutex);
	if (ks->state == SOCKET_DEAD || ks->state == SOCKET_CLOSED) {
		sock = ERR_PTR(-ESHUTDOWN);
	} else if (ks->state != SOCKET_CONNECTED) {
		sock = ERR_PTR(-ENOTCONN);
	} else if (!socket_idle(ks)) {
		sock = ERR_PTR(-EBUSY);
	} else {
		sock = ks->sock;
		socket_unhook(ks);
		ks->sock = NULL;
		socket_set_state(ks, SOCKET_CLOSED);
	}
	mutex_unlock(&ks->mutex);
	if (!IS_ERR(sock))
		socket_put(ks); /* the creator's */
	return sock;
}
EXPORT_SYMBOL_GPL(kconnect_detach);

static int address_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	if (!ks->sock)
		return irp_fail_dead(irp);
	connect_addresses(ks->sock->sk, &irp->result);
	irp->result.remote.sa.sa_family = 0;
	return irp_settle(irp, 0);
}

/**
 * kconnect_get_local_address - get a socket's own address (WskGetLocalAddress)
 * @ks: the socket
 * @irp: an initialised IRP; the address is in its result's local, the wildcard
 *	with port 0 if none has been chosen yet
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS or -ESHUTDOWN.
 */
int kconnect_get_local_address(struct kconnect_socket *ks,
			       struct kconnect_irp *irp)
{
	return irp_submit(ks, irp, address_start);
}
EXPORT_SYMBOL_GPL(kconnect_get_local_address);

static int peer_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	switch (READ_ONCE(ks->state)) {
	case SOCKET_CONNECTED:
		break;
	case SOCKET_OPEN:
	case SOCKET_BOUND:
	case SOCKET_CONNECTING:
		return irp_fail(irp, -ENOTCONN, "the socket is not connected");
	default:
		return irp_fail_dead(irp);
	}
	connect_addresses(ks->sock->sk, &irp->result);
	irp->result.local.sa.sa_family = 0;
	return irp_settle(irp, 0);
}

/**
 * kconnect_get_remote_address - get the peer's address (WskGetRemoteAddress)
 * @ks: a connected socket
 * @irp: an initialised IRP; the address is in its result's remote
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS, -ENOTCONN or -ESHUTDOWN.
 */
int kconnect_get_remote_address(struct kconnect_socket *ks,
				struct kconnect_irp *irp)
{
	return irp_submit(ks, irp, peer_start);
}
EXPORT_SYMBOL_GPL(kconnect_get_remote_address);

int socket_init(void)
{
	socket_wq = alloc_workqueue("kconnect", WQ_UNBOUND, 0);
	return socket_wq ? 0 : -ENOMEM;
}

void socket_exit(void)
{
	destroy_workqueue(socket_wq);
	rcu_barrier();
}
