// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connecting without anyone waiting for it.
 *
 * A connect is started without blocking. From then on its IRP is either in
 * somebody's hands (the thread that starts it, or the socket's work, one at a
 * time) or in ks->connect, where TCP's callbacks find it. Putting it there and
 * looking once more at TCP's state happen under one lock, so no event between
 * the two is lost.
 */
#include <net/tcp.h>
#include "core.h"

/* The connection stands, and there is data left to hand to TCP. */
#define CONNECT_SEND 1

static bool connect_all_taken(const struct kconnect_irp *irp)
{
	return irp->connect.taken == irp->connect.buffer.iov_len;
}

/* Return: 0 if the connection stands, -EINPROGRESS, or why it does not. */
static int connect_established(const struct sock *sk)
{
	int err = READ_ONCE(sk->sk_err);

	if (err)
		return -err;
	switch (inet_sk_state_load(sk)) {
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
		return -EINPROGRESS;
	case TCP_CLOSE:
		return -ECONNABORTED;
	}
	return 0;
}

/*
 * A connection that stood, and all of whose data TCP has taken, has succeeded,
 * even if the peer has ended it by now: the next request will tell.
 *
 * Return: 0 when the request is done, CONNECT_SEND, -EINPROGRESS while TCP is
 * at it, or the error it ended with.
 */
static int connect_status(struct kconnect_irp *irp, const struct sock *sk)
{
	struct kconnect_result *result = &irp->result;
	bool stood = result->established;
	int err;

	if (!stood || !connect_all_taken(irp)) {
		err = connect_established(sk);
		if (err)
			return err;
	}
	if (!stood)
		result->established = ktime_get_ns();
	if (!connect_all_taken(irp))
		return CONNECT_SEND;
	if (!result->sent)
		result->sent = ktime_get_ns();
	return 0;
}

/* Both ends, as TCP has them. */
void connect_addresses(const struct sock *sk, struct kconnect_result *result)
{
	const struct inet_sock *inet = inet_sk(sk);

	result->local.sa.sa_family = sk->sk_family;
	result->remote.sa.sa_family = sk->sk_family;
	result->local.in.sin_port = inet->inet_sport;
	result->remote.in.sin_port = inet->inet_dport;
	if (sk->sk_family == AF_INET) {
		result->local.in.sin_addr.s_addr = inet->inet_saddr;
		result->remote.in.sin_addr.s_addr = inet->inet_daddr;
		return;
	}
#if IS_ENABLED(CONFIG_IPV6)
	result->local.in6.sin6_addr = inet6_sk(sk)->saddr;
	result->remote.in6.sin6_addr = sk->sk_v6_daddr;
	if (__ipv6_addr_needs_scope_id(__ipv6_addr_type(&sk->sk_v6_daddr))) {
		result->local.in6.sin6_scope_id = sk->sk_bound_dev_if;
		result->remote.in6.sin6_scope_id = sk->sk_bound_dev_if;
	}
#endif
}

/* Everything that TCP knows about how it went; @irp is ours. */
static void connect_result(struct kconnect_socket *ks, const struct sock *sk,
			   struct kconnect_irp *irp)
{
	struct kconnect_result *result = &irp->result;

	result->information = irp->connect.taken;
	result->rtt_us = tcp_sk(sk)->srtt_us >> 3;
	if (!result->tried)
		return;
	connect_addresses(sk, result);
	fastopen_outcome(ks, sk, irp);
}

/**
 * connect_event - look at a connect from a callback
 * @ks: the socket
 * @sk: its TCP socket, whose lock is held
 *
 * Return: the connect IRP if it is done, for the caller to finish.
 */
struct kconnect_irp *connect_event(struct kconnect_socket *ks, struct sock *sk)
{
	struct kconnect_irp *irp;
	struct kconnect_irp *done = NULL;
	unsigned long flags;
	bool kick;

	spin_lock_irqsave(&ks->lock, flags);
	kick = !list_empty(&ks->receives) || !list_empty(&ks->sends);
	irp = ks->connect;
	if (irp) {
		int status = connect_status(irp, sk);

		if (status == CONNECT_SEND || (!status && ks->half_open)) {
			kick = true;
		} else if (status != -EINPROGRESS && irp_claim(irp, status)) {
			ks->connect = NULL;
			ks->state = status ? SOCKET_DEAD : SOCKET_CONNECTED;
			done = irp;
		}
	}
	if (kick)
		socket_kick(ks);
	spin_unlock_irqrestore(&ks->lock, flags);

	if (done)
		connect_result(ks, sk, done);
	return done;
}

/**
 * connect_abort - end a connection, or the attempt, at once
 * @ks: a socket that has been made
 *
 * Nothing but a RST leaves the machine for it afterwards.
 *
 * Context: process, mutex held.
 */
void connect_abort(struct kconnect_socket *ks)
{
	tcp_abort(ks->sock->sk, ECONNABORTED);
}

/* The IRP is in our hands, and done for. */
static int connect_finish(struct kconnect_socket *ks, struct kconnect_irp *irp,
			  int status)
{
	/* A cancel or a deadline may have come first. */
	bool claimed = irp_claim(irp, status);

	connect_result(ks, ks->sock->sk, irp);
	if (claimed && !status && !ks->half_open) {
		socket_set_state(ks, SOCKET_CONNECTED);
	} else {
		socket_set_state(ks, SOCKET_DEAD);
		connect_abort(ks);
	}
	return irp_complete(irp, status);
}

/*
 * Leaves the IRP to the callbacks, unless something has happened that they may
 * have missed. @blocked: TCP had no room for the data, and will tell when it
 * has.
 *
 * Return: true if it is left; it may be complete, and gone, by now.
 */
static bool connect_leave(struct kconnect_socket *ks, struct kconnect_irp *irp,
			  bool blocked)
{
	unsigned long flags;
	bool left;
	int status;

	spin_lock_irqsave(&ks->lock, flags);
	irp_arm(irp);
	status = connect_status(irp, ks->sock->sk);
	left = !irp_claimed(irp) &&
	       (status == -EINPROGRESS || (status == CONNECT_SEND && blocked));
	if (left)
		ks->connect = irp;
	spin_unlock_irqrestore(&ks->lock, flags);
	return left;
}

static int connect_send(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec rest = {
		.iov_base = irp->connect.buffer.iov_base + irp->connect.taken,
		.iov_len = irp->connect.buffer.iov_len - irp->connect.taken,
	};
	int sent;

	sent = kernel_sendmsg(ks->sock, &msg, &rest, 1, rest.iov_len);
	if (sent < 0)
		return sent;
	irp->connect.taken += sent;
	return 0;
}

/* Moves a connect that is in our hands on as far as it goes. */
static int connect_move(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	bool blocked = false;
	int status;

	for (;;) {
		status = connect_status(irp, ks->sock->sk);
		if (irp_claimed(irp))
			break;
		if (status == CONNECT_SEND && !blocked) {
			status = connect_send(ks, irp);
			if (!status)
				continue;
			if (status != -EAGAIN)
				break;
			blocked = true;
			status = CONNECT_SEND;
		}
		if (status != -EINPROGRESS && status != CONNECT_SEND)
			break;
		if (connect_leave(ks, irp, blocked))
			return -EINPROGRESS;
	}
	return connect_finish(ks, irp, status);
}

/**
 * connect_advance - move a pending connect on
 * @ks: the socket
 *
 * Context: process, mutex held.
 */
void connect_advance(struct kconnect_socket *ks)
{
	struct kconnect_irp *irp;
	unsigned long flags;

	spin_lock_irqsave(&ks->lock, flags);
	irp = ks->connect;
	ks->connect = NULL;
	spin_unlock_irqrestore(&ks->lock, flags);
	if (irp)
		connect_move(ks, irp);
}

static const char *connect_message(int err)
{
	return err == -EADDRNOTAVAIL ?
	       "no local address and port is free for this destination" : NULL;
}

static int connect_begin(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	union kconnect_address *remote = &irp->connect.remote;
	int err;

	socket_set_state(ks, SOCKET_CONNECTING);
	irp->result.syn_sent = ktime_get_ns();
	if (ks->fast_open)
		err = fastopen_connect(ks, irp);
	else
		err = kernel_connect(ks->sock, (void *)remote,
				     sizeof(*remote), O_NONBLOCK);
	if (err && err != -EINPROGRESS) {
		irp->result.syn_sent = 0;
		irp->result.message = connect_message(err);
		return connect_finish(ks, irp, err);
	}
	irp->result.tried = true;
	return connect_move(ks, irp);
}

static int connect_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	switch (READ_ONCE(ks->state)) {
	case SOCKET_BOUND:
		return connect_begin(ks, irp);
	case SOCKET_OPEN:
		return irp_fail(irp, -EINVAL, "the socket is not bound");
	case SOCKET_CONNECTING:
		return irp_fail(irp, -EALREADY,
				"a connect of this socket is under way");
	case SOCKET_CONNECTED:
		return irp_fail(irp, -EISCONN, "the socket is connected");
	default:
		return irp_fail_dead(irp);
	}
}

/* What can be said of a connect before there is a socket. */
static int connect_prepare(struct kconnect_irp *irp, int family,
			   const void *remote, int remote_len,
			   const struct kvec *buffer, u32 flags)
{
	if (flags)
		return irp_refuse(irp, -EINVAL,
				  "flags are reserved and must be zero");
	if (buffer && buffer->iov_len > KCONNECT_DATA_MAX)
		return irp_refuse(irp, -EMSGSIZE,
				  "the buffer is longer than 65535 bytes");
	if (!address_set(&irp->connect.remote, remote, remote_len, family))
		return irp_refuse(irp, -EINVAL,
				  "the remote address is not a whole one of the socket's family");
	if (!irp->connect.remote.in.sin_port)
		return irp_refuse(irp, -EINVAL, "the remote port is 0");
	if (buffer)
		irp->connect.buffer = *buffer;
	return 0;
}

/**
 * kconnect_connect_ex - connect, with first data (WskConnectEx)
 * @ks: a bound socket
 * @remote: a struct sockaddr_in or sockaddr_in6, as the socket's family
 * @remote_len: its length
 * @buffer: data to send, at most %KCONNECT_DATA_MAX bytes, or NULL. The bytes
 *	must stay until @irp completes; the struct itself need not
 * @flags: reserved, must be 0
 * @irp: an initialised IRP
 *
 * Completes when the connection is established and TCP has taken all of the
 * data. If TCP_FASTOPEN was set on the socket the data may travel in the SYN,
 * and may then reach the peer twice, or although the request ends otherwise:
 * idempotent data only.
 *
 * A request that is refused for what it asks (the first group below) leaves
 * the socket as it was. One that fails leaves a socket that can only be closed.
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS, or what @irp completed with.
 *
 * Refused: -EINVAL for flags, an address that does not fit, port 0 or a socket
 * that is not bound; -EMSGSIZE for a buffer too large; -EALREADY, -EISCONN or
 * -ESHUTDOWN for a socket that is connecting, connected or dead.
 *
 * Failed: -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT, -ENETUNREACH, -EHOSTUNREACH,
 * -EADDRNOTAVAIL (out of ports), -ECANCELED, -EPERM or -EACCES (a cgroup
 * program or a packet filter said no), -ENOMEM.
 */
int kconnect_connect_ex(struct kconnect_socket *ks,
			const void *remote, int remote_len,
			const struct kvec *buffer, u32 flags,
			struct kconnect_irp *irp)
{
	int err;

	err = connect_prepare(irp, ks->family, remote, remote_len, buffer,
			      flags);
	if (err)
		return err;
	return irp_submit(ks, irp, connect_start);
}
EXPORT_SYMBOL_GPL(kconnect_connect_ex);

/**
 * kconnect_connect - connect, without data (WskConnect)
 * @ks: a bound socket
 * @remote: as for kconnect_connect_ex()
 * @remote_len: as for kconnect_connect_ex()
 * @flags: reserved, must be 0
 * @irp: an initialised IRP
 *
 * Context: see the top of this header.
 * Return: as kconnect_connect_ex().
 */
int kconnect_connect(struct kconnect_socket *ks, const void *remote,
		     int remote_len, u32 flags, struct kconnect_irp *irp)
{
	return kconnect_connect_ex(ks, remote, remote_len, NULL, flags, irp);
}
EXPORT_SYMBOL_GPL(kconnect_connect);

/* The wildcard with port 0 is what an unbound socket has anyway. */
static bool connect_wants_bind(const union kconnect_address *local)
{
	switch (local->sa.sa_family) {
	case AF_INET:
		return local->in.sin_addr.s_addr || local->in.sin_port;
	case AF_INET6:
		return !ipv6_addr_any(&local->in6.sin6_addr) ||
		       local->in6.sin6_port;
	}
	return false;
}

/* Holds back the last part of the handshake, for a RST to take its place. */
static int connect_hold_ack(struct kconnect_socket *ks)
{
	int off = 0;

	return ks->sock->ops->setsockopt(ks->sock, SOL_TCP, TCP_QUICKACK,
					 KERNEL_SOCKPTR(&off), sizeof(off));
}

static int socket_connect_start(struct kconnect_socket *ks,
				struct kconnect_irp *irp)
{
	unsigned int i;
	int err;

	err = socket_make(ks, 0);
	if (err)
		return irp_complete(irp, err);
	for (i = 0; i < irp->connect.n_options && !err; i++)
		err = socket_set_option(ks, &irp->connect.options[i],
					&irp->result.message);
	if (!err && ks->half_open)
		err = connect_hold_ack(ks);
	if (!err && connect_wants_bind(&irp->connect.local))
		err = socket_bind(ks, &irp->connect.local);
	if (err) {
		socket_set_state(ks, SOCKET_DEAD);
		return irp_complete(irp, err);
	}
	return connect_begin(ks, irp);
}

/**
 * kconnect_socket_connect - make, bind and connect a socket (WskSocketConnect)
 * @open: what kind of socket; not needed after the call
 * @options: set before the bind, in their order; they must stay until @irp
 *	completes
 * @n_options: how many
 * @local: a local address to bind to, or NULL to leave it to routing
 * @local_len: its length
 * @remote: as for kconnect_connect_ex()
 * @remote_len: as for kconnect_connect_ex()
 * @buffer: as for kconnect_connect_ex()
 * @flags: as for kconnect_connect_ex()
 * @irp: an initialised IRP
 *
 * Context: see the top of this header.
 * Return: the socket, which must be closed with kconnect_close() whatever
 * becomes of @irp; an ERR_PTR() if there is none, and then @irp has completed
 * with the same error. @irp completes as that of kconnect_socket(),
 * kconnect_set_option(), kconnect_bind() and kconnect_connect_ex().
 */
struct kconnect_socket *
kconnect_socket_connect(const struct kconnect_open *open,
			struct kconnect_option *options, unsigned int n_options,
			const void *local, int local_len,
			const void *remote, int remote_len,
			const struct kvec *buffer, u32 flags,
			struct kconnect_irp *irp)
{
	struct kconnect_socket *ks;
	int err;

	err = socket_open_refuse(open, irp);
	if (err)
		return ERR_PTR(err);
	err = connect_prepare(irp, open->family, remote, remote_len, buffer,
			      flags);
	if (err)
		return ERR_PTR(err);
	if (local && !address_set(&irp->connect.local, local, local_len,
				  open->family)) {
		err = irp_refuse(irp, -EINVAL,
				 "the local address is not a whole one of the socket's family");
		return ERR_PTR(err);
	}
	if (open->half_open && buffer && buffer->iov_len) {
		err = irp_refuse(irp, -EINVAL,
				 "a half-open probe carries no data");
		return ERR_PTR(err);
	}
	ks = socket_alloc(open, irp->gfp);
	if (!ks)
		return ERR_PTR(irp_refuse(irp, -ENOMEM, NULL));
	irp->connect.options = options;
	irp->connect.n_options = n_options;
	irp_submit(ks, irp, socket_connect_start);
	return ks;
}
EXPORT_SYMBOL_GPL(kconnect_socket_connect);
