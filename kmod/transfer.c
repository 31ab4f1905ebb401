// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data on a connection, and its end: receive, send, disconnect.
 *
 * Receives are one queue, sends and graceful disconnects another. The first of
 * each is tried whenever TCP says that something has changed; the others wait
 * for it. Only the holder of the socket's mutex takes an IRP off a queue, so
 * what has been transferred for one is never lost to a race.
 */
#include <net/tcp.h>
#include "core.h"

#define RECEIVE_MAX 65536
/* A peer that sends as fast as we drain does not keep us here for ever. */
#define DRAIN_ROUNDS 64

/* Return: 0 if data can move, or why not. */
static int transfer_state(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	switch (READ_ONCE(ks->state)) {
	case SOCKET_CONNECTED:
		return 0;
	case SOCKET_CONNECTING:
		return -EAGAIN;
	case SOCKET_OPEN:
	case SOCKET_BOUND:
		irp->result.message = "the socket is not connected";
		return -ENOTCONN;
	default:
		irp->result.message = "the socket is dead; close it";
		return -ESHUTDOWN;
	}
}

static int receive_some(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	struct msghdr msg = {};
	struct kvec rest = {
		.iov_base = irp->transfer.buffer.iov_base + irp->transfer.done,
		.iov_len = irp->transfer.buffer.iov_len - irp->transfer.done,
	};
	int got;

	got = kernel_recvmsg(ks->sock, &msg, &rest, 1, rest.iov_len,
			     MSG_DONTWAIT);
	if (got > 0)
		irp->transfer.done += got;
	return got;
}

/* MSG_TRUNC makes TCP throw away, without a copy. */
static int receive_drain(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	struct kvec nowhere = { .iov_len = RECEIVE_MAX };
	int rounds;
	int got;

	for (rounds = 0; rounds < DRAIN_ROUNDS; rounds++) {
		struct msghdr msg = {};

		got = kernel_recvmsg(ks->sock, &msg, &nowhere, 1, RECEIVE_MAX,
				     MSG_DONTWAIT | MSG_TRUNC);
		if (got <= 0)
			return got;
		irp->transfer.done += got;
	}
	socket_kick(ks);
	return -EAGAIN;
}

/* Return: 0 when the receive is done, -EAGAIN when it has to wait. */
static int receive_try(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	int got = transfer_state(ks, irp);

	if (got)
		return got;
	if (irp->transfer.flags & KCONNECT_RECEIVE_FLAGS_DRAIN)
		return receive_drain(ks, irp);
	do {
		got = receive_some(ks, irp);
	} while (got > 0 &&
		 irp->transfer.flags & KCONNECT_RECEIVE_FLAGS_WAITALL &&
		 irp->transfer.done < irp->transfer.buffer.iov_len);
	return got < 0 ? got : 0;
}

static int send_data(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	while (irp->transfer.done < irp->transfer.buffer.iov_len) {
		struct msghdr msg = {
			.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
		};
		struct kvec rest = {
			.iov_base = irp->transfer.buffer.iov_base +
				    irp->transfer.done,
			.iov_len = irp->transfer.buffer.iov_len -
				   irp->transfer.done,
		};
		int sent = kernel_sendmsg(ks->sock, &msg, &rest, 1,
					  rest.iov_len);

		if (sent < 0)
			return sent;
		irp->transfer.done += sent;
	}
	if (!irp->result.sent)
		irp->result.sent = ktime_get_ns();
	return 0;
}

/* Pushes out what Nagle holds back, and leaves the option as it was. */
static void send_push(struct sock *sk)
{
	u8 nonagle = tcp_sk(sk)->nonagle;

	tcp_sock_set_nodelay(sk);
	lock_sock(sk);
	tcp_sk(sk)->nonagle = nonagle;
	release_sock(sk);
}

/* Has the peer acknowledged our FIN? */
static int disconnect_status(const struct sock *sk)
{
	int err = READ_ONCE(sk->sk_err);

	if (err)
		return -err;
	switch (inet_sk_state_load(sk)) {
	case TCP_FIN_WAIT2:
	case TCP_TIME_WAIT:
	case TCP_CLOSE:
		return 0;
	}
	return -EAGAIN;
}

/* Return: 0 when the send or disconnect is done, -EAGAIN when it has to wait. */
static int send_try(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	int err = transfer_state(ks, irp);

	if (err)
		return err;
	err = send_data(ks, irp);
	if (err)
		return err;
	if (!irp->transfer.disconnect) {
		if (irp->transfer.flags & KCONNECT_SEND_FLAGS_NODELAY)
			send_push(ks->sock->sk);
		return 0;
	}
	if (!irp->transfer.shut) {
		err = kernel_sock_shutdown(ks->sock, SHUT_WR);
		if (err)
			return err;
		irp->transfer.shut = true;
	}
	return disconnect_status(ks->sock->sk);
}

/* A drain can be of more than the result has room for. */
static u32 transfer_information(const struct kconnect_irp *irp)
{
	return min_t(size_t, irp->transfer.done, U32_MAX);
}

static void transfer_finish(struct kconnect_socket *ks,
			    struct kconnect_irp *irp, int status)
{
	unsigned long flags;

	spin_lock_irqsave(&ks->lock, flags);
	list_del_init(&irp->node);
	spin_unlock_irqrestore(&ks->lock, flags);
	irp->result.information = transfer_information(irp);
	irp_settle(irp, status);
}

/* A graceful disconnect that is called off ends the connection all the same. */
static void transfer_call_off(struct kconnect_socket *ks,
			      struct kconnect_irp *irp)
{
	if (irp->transfer.disconnect && ks->state == SOCKET_CONNECTED) {
		socket_set_state(ks, SOCKET_DEAD);
		connect_abort(ks);
	}
	transfer_finish(ks, irp, irp_status(irp));
}

/* Finishes what was called off, wherever in the queue it stands. */
static void queue_call_off(struct kconnect_socket *ks, struct list_head *queue)
{
	struct kconnect_irp *irp, *next;

	list_for_each_entry_safe(irp, next, queue, node)
		if (irp_claimed(irp))
			transfer_call_off(ks, irp);
}

/* The first that has to wait makes the others wait, too. */
static void queue_advance(struct kconnect_socket *ks, struct list_head *queue,
			  int (*try)(struct kconnect_socket *ks,
				     struct kconnect_irp *irp))
{
	struct kconnect_irp *irp, *next;

	list_for_each_entry_safe(irp, next, queue, node) {
		int status = try(ks, irp);

		if (status == -EAGAIN)
			return;
		transfer_finish(ks, irp, status);
	}
}

/**
 * transfer_advance - move what waits for data, or for room, on
 * @ks: the socket
 *
 * Context: process, mutex held.
 */
void transfer_advance(struct kconnect_socket *ks)
{
	if (xchg(&ks->called_off, false)) {
		queue_call_off(ks, &ks->sends);
		queue_call_off(ks, &ks->receives);
	}
	queue_advance(ks, &ks->sends, send_try);
	queue_advance(ks, &ks->receives, receive_try);
}

static int transfer_start(struct kconnect_socket *ks, struct kconnect_irp *irp,
			  struct list_head *queue,
			  int (*try)(struct kconnect_socket *ks,
				     struct kconnect_irp *irp))
{
	bool first = list_empty(queue);
	int status = -EAGAIN;
	unsigned long flags;

	if (first)
		status = try(ks, irp);
	if (status != -EAGAIN) {
		irp->result.information = transfer_information(irp);
		return irp_settle(irp, status);
	}
	spin_lock_irqsave(&ks->lock, flags);
	irp_arm(irp);
	list_add_tail(&irp->node, queue);
	spin_unlock_irqrestore(&ks->lock, flags);
	/* What came in between was not announced to an empty queue. */
	if (first)
		queue_advance(ks, queue, try);
	return -EINPROGRESS;
}

static int receive_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	return transfer_start(ks, irp, &ks->receives, receive_try);
}

static int send_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	if (ks->disconnecting)
		return irp_fail(irp, -EPIPE,
				"a disconnect has ended the sending");
	if (irp->transfer.disconnect && (ks->state == SOCKET_CONNECTED ||
					 ks->state == SOCKET_CONNECTING))
		ks->disconnecting = true;
	return transfer_start(ks, irp, &ks->sends, send_try);
}

/* Ends everything in flight; the socket is then only to be closed. */
static int abort_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	int err = transfer_state(ks, irp);

	if (err && err != -EAGAIN)
		return irp_complete(irp, err);
	socket_end_irps(ks, SOCKET_DEAD, true);
	return irp_settle(irp, 0);
}

/**
 * kconnect_receive - receive what there is (WskReceive)
 * @ks: a socket that is connected, or connecting
 * @buffer: where to; 1 to 65,536 bytes, or NULL to drain. The bytes must stay
 *	until @irp completes; the struct itself need not
 * @flags: 0, %KCONNECT_RECEIVE_FLAGS_WAITALL or %KCONNECT_RECEIVE_FLAGS_DRAIN
 * @irp: an initialised IRP
 *
 * Completes as soon as there is something, or as @flags say; information is
 * the number of bytes, and 0 is the end of the stream. Receives of a socket
 * complete in the order in which they were asked for. No byte is lost to a
 * cancel or a deadline: what had been received by then is in the buffer, and
 * information says how much.
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS, or what @irp completed with: -EINVAL, -ENOTCONN,
 * -ESHUTDOWN if the connect failed or the socket is closed, -ECONNRESET,
 * -ETIMEDOUT, -ECANCELED.
 */
int kconnect_receive(struct kconnect_socket *ks, const struct kvec *buffer,
		     u32 flags, struct kconnect_irp *irp)
{
	size_t len = buffer ? buffer->iov_len : 0;

	if (flags & ~(KCONNECT_RECEIVE_FLAGS_WAITALL |
		      KCONNECT_RECEIVE_FLAGS_DRAIN))
		return irp_refuse(irp, -EINVAL, "a flag is unknown");
	if (flags == (KCONNECT_RECEIVE_FLAGS_WAITALL |
		      KCONNECT_RECEIVE_FLAGS_DRAIN))
		return irp_refuse(irp, -EINVAL,
				  "waitall and drain exclude each other");
	if (flags & KCONNECT_RECEIVE_FLAGS_DRAIN && len)
		return irp_refuse(irp, -EINVAL, "drain takes no buffer");
	if (!(flags & KCONNECT_RECEIVE_FLAGS_DRAIN) &&
	    (!len || len > RECEIVE_MAX))
		return irp_refuse(irp, -EINVAL,
				  "the length is not 1 to 65536 bytes");
	if (buffer)
		irp->transfer.buffer = *buffer;
	irp->transfer.flags = flags;
	return irp_submit(ks, irp, receive_start);
}
EXPORT_SYMBOL_GPL(kconnect_receive);

static int send_prepare(struct kconnect_irp *irp, const struct kvec *buffer,
			u32 flags, u32 known)
{
	if (flags & ~known)
		return irp_refuse(irp, -EINVAL, "a flag is unknown");
	if (buffer && buffer->iov_len > KCONNECT_DATA_MAX)
		return irp_refuse(irp, -EMSGSIZE,
				  "the buffer is longer than 65535 bytes");
	if (buffer)
		irp->transfer.buffer = *buffer;
	irp->transfer.flags = flags;
	return 0;
}

/**
 * kconnect_send - send data (WskSend)
 * @ks: a socket that is connected, or connecting
 * @buffer: data to send, at most %KCONNECT_DATA_MAX bytes. The bytes must stay
 *	until @irp completes; the struct itself need not
 * @flags: 0 or %KCONNECT_SEND_FLAGS_NODELAY
 * @irp: an initialised IRP
 *
 * Completes when TCP has taken all of it. Sends of a socket go out in the
 * order in which they were asked for. One that is cancelled may have been
 * taken in part: information says how much.
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS, or what @irp completed with: -EINVAL, -EMSGSIZE,
 * -ENOTCONN, -ESHUTDOWN, -EPIPE after a disconnect, -ECONNRESET, -ETIMEDOUT,
 * -ECANCELED.
 */
int kconnect_send(struct kconnect_socket *ks, const struct kvec *buffer,
		  u32 flags, struct kconnect_irp *irp)
{
	int err;

	err = send_prepare(irp, buffer, flags, KCONNECT_SEND_FLAGS_NODELAY);
	if (err)
		return err;
	return irp_submit(ks, irp, send_start);
}
EXPORT_SYMBOL_GPL(kconnect_send);

/**
 * kconnect_disconnect - end a connection (WskDisconnect)
 * @ks: a socket that is connected, or connecting
 * @buffer: last data to send, or NULL; NULL if abortive
 * @flags: 0, or %KCONNECT_DISCONNECT_FLAGS_ABORTIVE
 * @irp: an initialised IRP
 *
 * Gracefully: sends the last data and a FIN, and completes when the peer has
 * acknowledged them. Receiving goes on; sending does not. Called off by a
 * cancel or its deadline, it ends the connection with a RST.
 *
 * Abortively: completes what is in flight with -ECANCELED, and the connection
 * ends with a RST.
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS, or what @irp completed with: -EINVAL, -EMSGSIZE,
 * -ENOTCONN, -ESHUTDOWN, -EPIPE for a second one, -ECONNRESET, -ETIMEDOUT,
 * -ECANCELED.
 */
int kconnect_disconnect(struct kconnect_socket *ks, const struct kvec *buffer,
			u32 flags, struct kconnect_irp *irp)
{
	int err;

	err = send_prepare(irp, buffer, flags,
			   KCONNECT_DISCONNECT_FLAGS_ABORTIVE);
	if (err)
		return err;
	if (!(flags & KCONNECT_DISCONNECT_FLAGS_ABORTIVE)) {
		irp->transfer.disconnect = true;
		return irp_submit(ks, irp, send_start);
	}
	if (buffer && buffer->iov_len)
		return irp_refuse(irp, -EINVAL,
				  "an abortive disconnect takes no buffer");
	return irp_submit(ks, irp, abort_start);
}
EXPORT_SYMBOL_GPL(kconnect_disconnect);
