// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP Fast Open (RFC 7413): asking for it, and telling the truth about it.
 *
 * TCP_FASTOPEN_CONNECT is never used: with it a connect succeeds before a
 * packet has left. sendmsg() with MSG_FASTOPEN connects and sends in one step,
 * takes what fits into the SYN, and leaves the rest to be sent later.
 */
#include <net/tcp.h>
#include "core.h"

/* A SYN that waited for longer than this, less a round trip, was sent again. */
#define SYN_LOST	(900 * NSEC_PER_MSEC)

static int fastopen_withhold(struct kconnect_socket *ks,
			     struct kconnect_irp *irp, u8 why)
{
	union kconnect_address *remote = &irp->connect.remote;

	ks->fast_open_withheld = why;
	return kernel_connect(ks->sock, (void *)remote, sizeof(*remote),
			      O_NONBLOCK);
}

/**
 * fastopen_connect - start a connect that may carry data in its SYN
 * @ks: a socket that is not connected
 * @irp: the connect IRP, in our hands
 *
 * Context: process, mutex held.
 * Return: -EINPROGRESS if it has begun, or why it has not.
 */
int fastopen_connect(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	union kconnect_address *remote = &irp->connect.remote;
	struct kvec data = irp->connect.buffer;
	struct msghdr msg = {
		.msg_name = remote,
		.msg_namelen = sizeof(*remote),
		.msg_flags = MSG_FASTOPEN | MSG_DONTWAIT | MSG_NOSIGNAL,
	};
	int taken;

	if (path_hostile(ks->net, &ks->local, remote))
		return fastopen_withhold(ks, irp,
					 KCONNECT_FAST_OPEN_REASON_HOSTILE_PATH);
	taken = kernel_sendmsg(ks->sock, &msg, &data, 1, data.iov_len);
	/* The client's bit of net.ipv4.tcp_fastopen is off. */
	if (taken == -EOPNOTSUPP)
		return fastopen_withhold(ks, irp,
					 KCONNECT_FAST_OPEN_REASON_DISABLED);
	if (taken < 0)
		return taken;
	irp->connect.taken = taken;
	if (tcp_sk(ks->sock->sk)->syn_data)
		irp->result.syn_data = taken;
	return -EINPROGRESS;
}

/*
 * Only a SYN-ACK that answers a second SYN tells of a loss. A slow path can
 * make TCP send a second one as well, but then the answer to the first comes,
 * and the time it took is the round trip.
 */
static void fastopen_learn(const struct kconnect_socket *ks,
			   const struct sock *sk,
			   const struct kconnect_result *result,
			   const union kconnect_address *remote)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 waited = result->established - result->syn_sent;
	bool lost = tp->total_retrans && !tp->syn_data_acked &&
		    waited >= SYN_LOST + (u64)result->rtt_us * NSEC_PER_USEC;

	/* That a request for a cookie arrived says nothing about data. */
	if (lost || result->syn_data)
		path_learn(ks->net, &ks->local, remote, lost);
}

static void fastopen_set(struct kconnect_result *result,
			 enum kconnect_fast_open outcome,
			 enum kconnect_fast_open_reason reason)
{
	result->fast_open = outcome;
	result->fast_open_reason = reason;
}

/**
 * fastopen_outcome - say what became of fast open, and learn from it
 * @ks: the socket
 * @sk: its TCP socket, which has tried to connect
 * @irp: the connect IRP; all of its result but this is known
 *
 * Context: any, at the end of a connect.
 */
void fastopen_outcome(const struct kconnect_socket *ks,
		      const struct sock *sk, struct kconnect_irp *irp)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct kconnect_result *result = &irp->result;
	u8 why = tp->fastopen_client_fail;

	if (!ks->fast_open)
		return fastopen_set(result, KCONNECT_FAST_OPEN_NOT_ASKED, 0);
	if (ks->fast_open_withheld)
		return fastopen_set(result, KCONNECT_FAST_OPEN_SUPPRESSED,
				    ks->fast_open_withheld);
	if (tp->syn_data_acked)
		fastopen_set(result, KCONNECT_FAST_OPEN_DATA_ACKED, 0);
	else if (result->syn_data && result->established)
		fastopen_set(result, KCONNECT_FAST_OPEN_DATA_NOT_ACKED, why);
	else if (result->syn_data)
		fastopen_set(result, KCONNECT_FAST_OPEN_DATA_SENT, why);
	else if (tp->syn_fastopen)
		fastopen_set(result, KCONNECT_FAST_OPEN_COOKIE_REQUESTED, why);
	else
		fastopen_set(result, KCONNECT_FAST_OPEN_SUPPRESSED, why);
	if (result->established)
		fastopen_learn(ks, sk, result, &irp->connect.remote);
}
