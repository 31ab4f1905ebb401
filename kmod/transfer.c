// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data on a connected socket.
 */
#include <net/sock.h>
#include "core.h"

#define RECEIVE_MAX 65536

/* Return: 0 if there was something, even if only the end; -EAGAIN if not. */
static int receive_try(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	struct kvec buffer = irp->receive;
	struct msghdr msg = {};
	int got;

	switch (READ_ONCE(ks->state)) {
	case SOCKET_CONNECTING:
		return -EAGAIN;
	case SOCKET_CONNECTED:
		break;
	default:
		irp->result.message = "the socket is dead; close it";
		return -ESHUTDOWN;
	}
	got = kernel_recvmsg(ks->sock, &msg, &buffer, 1, buffer.iov_len,
			     MSG_DONTWAIT);
	if (got < 0)
		return got;
	irp->result.information = got;
	return 0;
}

static void receive_take(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	unsigned long flags;

	spin_lock_irqsave(&ks->lock, flags);
	list_del_init(&irp->node);
	spin_unlock_irqrestore(&ks->lock, flags);
}

/**
 * receive_advance - move pending receives on
 * @ks: the socket
 *
 * Context: process, mutex held, which makes us the only ones who take IRPs
 * off the list.
 */
void receive_advance(struct kconnect_socket *ks)
{
	struct kconnect_irp *irp, *next;
	int status = 0;

	list_for_each_entry_safe(irp, next, &ks->receives, node) {
		bool claimed = irp_claimed(irp);

		/* The first that has to wait makes the others wait, too. */
		if (!claimed && status != -EAGAIN)
			status = receive_try(ks, irp);
		if (!claimed && status == -EAGAIN)
			continue;
		receive_take(ks, irp);
		if (claimed)
			irp_finish(irp);
		else
			irp_settle(irp, status);
	}
}

static int receive_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	enum socket_state state = READ_ONCE(ks->state);
	unsigned long flags;
	int status;

	if (state == SOCKET_OPEN || state == SOCKET_BOUND)
		return irp_fail(irp, -ENOTCONN, "the socket is not connected");
	if (list_empty(&ks->receives)) {
		status = receive_try(ks, irp);
		if (status != -EAGAIN)
			return irp_settle(irp, status);
	}
	spin_lock_irqsave(&ks->lock, flags);
	irp_arm(irp);
	list_add_tail(&irp->node, &ks->receives);
	spin_unlock_irqrestore(&ks->lock, flags);
	/* What came in between was not announced to an empty list. */
	receive_advance(ks);
	return -EINPROGRESS;
}

/**
 * kconnect_receive - receive what there is (WskReceive)
 * @ks: a socket that is connected, or connecting
 * @buffer: where to; 1 to 65,536 bytes. The bytes must stay until @irp
 *	completes; the struct itself need not
 * @flags: reserved, must be 0
 * @irp: an initialised IRP
 *
 * Completes as soon as there is something; information is the number of
 * bytes, and 0 is the end of the stream. Receives of a socket complete in the
 * order in which they were asked for. No byte is lost to a cancel or a
 * deadline: if both come at once, the receive succeeds.
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS, or what @irp completed with: -EINVAL, -ENOTCONN,
 * -ESHUTDOWN if the connect failed or the socket is closed, -ECONNRESET,
 * -ETIMEDOUT, -ECANCELED.
 */
int kconnect_receive(struct kconnect_socket *ks, const struct kvec *buffer,
		     u32 flags, struct kconnect_irp *irp)
{
	if (flags)
		return irp_refuse(irp, -EINVAL,
				  "flags are reserved and must be zero");
	if (!buffer->iov_len || buffer->iov_len > RECEIVE_MAX)
		return irp_refuse(irp, -EINVAL,
				  "the length is not 1 to 65536 bytes");
	irp->receive = *buffer;
	return irp_submit(ks, irp, receive_start);
}
EXPORT_SYMBOL_GPL(kconnect_receive);
