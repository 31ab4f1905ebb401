// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completions: from requests to attributes, sent or reaped.
 */
#include <linux/netlink.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include "netlink.h"
#include "netlink_gen.h"

/* Completions are put together into messages of about this size. */
#define MESSAGE_BYTES	16384
/* What a completion holds in itself; the rest of its data follows behind. */
#define COMPLETION_DATA	32768

/* Return: the length of the struct sockaddr, 0 if there is no address. */
int address_len(const union kconnect_address *address)
{
	switch (address->sa.sa_family) {
	case AF_INET:
		return sizeof(address->in);
	case AF_INET6:
		return sizeof(address->in6);
	}
	return 0;
}

static size_t completion_received(const struct request *request)
{
	/* What was drained is counted, and gone. */
	return request->operation == KCONNECT_OPERATION_RECEIVE &&
	       !(request->flags & KCONNECT_RECEIVE_FLAGS_DRAIN) ?
	       request->irp.result.information : 0;
}

static bool completion_has_value(const struct request *request)
{
	return request->operation == KCONNECT_OPERATION_GET_OPTION &&
	       !request->irp.result.status;
}

/* An upper limit of what completion_put() needs. */
static size_t completion_size(const struct request *request)
{
	const struct kconnect_result *result = &request->irp.result;
	size_t size = nla_total_size(0) + 6 * nla_total_size_64bit(8) +
		      8 * nla_total_size(4) + 2 * nla_total_size(28);
	size_t data = completion_received(request);

	if (result->message)
		size += nla_total_size(strlen(result->message) + 1);
	if (completion_has_value(request))
		size += nla_total_size(request->options[0].len);
	if (data)
		size += data + 2 * nla_total_size(4);
	return size;
}

static bool time_put(struct sk_buff *skb, int type, u64 time)
{
	return time && nla_put_u64_64bit(skb, type, time,
					 KCONNECT_A_COMPLETION_PAD);
}

static bool u32_put(struct sk_buff *skb, int type, u32 value)
{
	return value && nla_put_u32(skb, type, value);
}

static bool times_put(struct sk_buff *skb, const struct kconnect_result *result)
{
	return time_put(skb, KCONNECT_A_COMPLETION_SUBMITTED,
			result->submitted) ||
	       time_put(skb, KCONNECT_A_COMPLETION_SYN_SENT,
			result->syn_sent) ||
	       time_put(skb, KCONNECT_A_COMPLETION_ESTABLISHED,
			result->established) ||
	       time_put(skb, KCONNECT_A_COMPLETION_SENT, result->sent) ||
	       time_put(skb, KCONNECT_A_COMPLETION_COMPLETED,
			result->completed);
}

/* Return: true if there was no room. */
bool address_put(struct sk_buff *skb, int type,
		 const union kconnect_address *address)
{
	int len = address_len(address);

	return len && nla_put(skb, type, len, address);
}

/* What a connection that was tried has to say. */
static bool connection_put(struct sk_buff *skb,
			   const struct kconnect_result *result)
{
	bool less = result->fast_open != KCONNECT_FAST_OPEN_NOT_ASKED &&
		    result->fast_open != KCONNECT_FAST_OPEN_DATA_ACKED;

	if (!result->tried)
		return false;
	return nla_put_u32(skb, KCONNECT_A_COMPLETION_FAST_OPEN,
			   result->fast_open) ||
	       (less && nla_put_u32(skb, KCONNECT_A_COMPLETION_FAST_OPEN_REASON,
				    result->fast_open_reason)) ||
	       u32_put(skb, KCONNECT_A_COMPLETION_SYN_DATA,
		       result->syn_data) ||
	       u32_put(skb, KCONNECT_A_COMPLETION_RTT, result->rtt_us);
}

static bool value_put(struct sk_buff *skb, const struct request *request)
{
	return completion_has_value(request) &&
	       nla_put(skb, KCONNECT_A_COMPLETION_VALUE,
		       request->options[0].len, request->options[0].value);
}

/* Return: 0, or -EMSGSIZE and the message is as before. */
static int completion_put(struct sk_buff *skb, const struct request *request)
{
	const struct kconnect_result *result = &request->irp.result;
	size_t data = completion_received(request);
	size_t inside = min_t(size_t, data, COMPLETION_DATA);
	struct nlattr *nest;

	nest = nla_nest_start(skb, KCONNECT_A_COMPLETION);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, KCONNECT_A_COMPLETION_COOKIE,
			      request->cookie, KCONNECT_A_COMPLETION_PAD) ||
	    nla_put_u32(skb, KCONNECT_A_COMPLETION_OPERATION,
			request->operation) ||
	    nla_put_u32(skb, KCONNECT_A_COMPLETION_SOCKET, request->handle) ||
	    nla_put_s32(skb, KCONNECT_A_COMPLETION_STATUS, result->status) ||
	    nla_put_u32(skb, KCONNECT_A_COMPLETION_INFORMATION,
			result->information) ||
	    (result->message && nla_put_string(skb, KCONNECT_A_COMPLETION_MESSAGE,
					       result->message)) ||
	    times_put(skb, result) || connection_put(skb, result) ||
	    address_put(skb, KCONNECT_A_COMPLETION_LOCAL, &result->local) ||
	    address_put(skb, KCONNECT_A_COMPLETION_REMOTE, &result->remote) ||
	    value_put(skb, request) ||
	    (inside && nla_put(skb, KCONNECT_A_COMPLETION_DATA, inside,
			       request->data.iov_base)))
		goto cancel;
	nla_nest_end(skb, nest);
	if (data > inside && nla_put(skb, KCONNECT_A_DATA, data - inside,
				     request->data.iov_base + inside))
		goto cancel;
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

/* Takes completions for delivery, in their order. */
static void completions_take(struct session *session, struct list_head *todo)
{
	struct request *request;

	session_take(session, todo);
	list_for_each_entry(request, todo, list)
		request_settle(request);
}

/* Forgets the first @n completions, which have been delivered. */
static void completions_free(struct list_head *todo, unsigned int n)
{
	while (n--) {
		struct request *request = list_first_entry(todo, struct request,
							   list);

		list_del(&request->list);
		request_free(request);
	}
}

/* Return: how many were put. */
static unsigned int completions_put(struct sk_buff *skb,
				    const struct list_head *todo)
{
	const struct request *request;
	unsigned int n = 0;

	list_for_each_entry(request, todo, list) {
		if (completion_put(skb, request))
			break;
		n++;
	}
	return n;
}

static struct sk_buff *message_new(const struct list_head *todo)
{
	const struct request *request;
	size_t size = 0;

	list_for_each_entry(request, todo, list) {
		size_t more = completion_size(request);

		if (size && size + more > MESSAGE_BYTES)
			break;
		size += more;
	}
	return genlmsg_new(size, GFP_KERNEL);
}

/*
 * Sends all completions there are: as the reply to @info, or on their own.
 * Those that cannot be sent stay, in their order.
 */
void completions_send(struct session *session, const struct genl_info *info)
{
	u8 cmd = info ? KCONNECT_CMD_SUBMIT : KCONNECT_CMD_COMPLETE;
	u32 seq = info ? info->snd_seq : 0;
	LIST_HEAD(todo);

	if (READ_ONCE(session->overrun) || READ_ONCE(session->closed))
		return;
	completions_take(session, &todo);
	while (!list_empty(&todo)) {
		struct sk_buff *skb = message_new(&todo);
		unsigned int n;
		void *header;

		if (!skb)
			return session_postpone(session, &todo);
		header = genlmsg_put(skb, session->portid, seq,
				     &kconnect_nl_family, 0, cmd);
		n = completions_put(skb, &todo);
		genlmsg_end(skb, header);
		if (genlmsg_unicast(session->net, skb, session->portid))
			return session_overrun(session, &todo);
		completions_free(&todo, n);
	}
}

/**
 * netlink_deliver - send the completions of a session to its owner
 * @session: the session, mutex held
 */
void netlink_deliver(struct session *session)
{
	completions_send(session, NULL);
}

/*
 * REAP
 */

/* The first completion must fit, however large it is. */
static u32 reap_room(struct session *session)
{
	struct request *first;
	u32 room = 0;

	spin_lock_bh(&session->lock);
	first = list_first_entry_or_null(&session->done, struct request, list);
	if (first)
		room = NLMSG_HDRLEN + GENL_HDRLEN + completion_size(first);
	spin_unlock_bh(&session->lock);
	return room;
}

static struct session *session_of(const struct netlink_callback *cb)
{
	const struct sock *owner = NETLINK_CB(cb->skb).sk;

	return session_find(sock_net(owner), NETLINK_CB(cb->skb).portid, owner);
}

int kconnect_nl_reap_start(struct netlink_callback *cb)
{
	struct session *session = session_of(cb);

	if (session) {
		cb->min_dump_alloc = reap_room(session);
		session_put(session);
	}
	return 0;
}

int kconnect_nl_reap_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	u32 portid = NETLINK_CB(cb->skb).portid;
	struct session *session;
	LIST_HEAD(todo);
	unsigned int n;
	void *header;
	int err = 0;

	session = session_of(cb);
	if (!session)
		return 0;
	mutex_lock(&session->mutex);
	if (session_resume(session))
		goto unlock;
	completions_take(session, &todo);
	header = genlmsg_put(skb, portid, cb->nlh->nlmsg_seq,
			     &kconnect_nl_family, NLM_F_MULTI,
			     KCONNECT_CMD_REAP);
	n = header ? completions_put(skb, &todo) : 0;
	if (n)
		genlmsg_end(skb, header);
	else
		err = -EMSGSIZE;
	completions_free(&todo, n);
	/* The dump goes on, and nothing overtakes it. */
	session_hold(session, &todo);
	cb->min_dump_alloc = reap_room(session);
unlock:
	mutex_unlock(&session->mutex);
	session_put(session);
	return err ?: skb->len;
}
