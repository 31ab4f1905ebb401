// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: messages to requests, completions to messages.
 * What the messages look like is written in kconnect.yaml.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include "netlink_gen.h"
#include "session.h"

/* Completions are put together into messages of about this size. */
#define MESSAGE_BYTES	16384
/* What a completion holds in itself; the rest of its data follows behind. */
#define COMPLETION_DATA	32768
/* Room for the value of an option that is asked for. */
#define OPTION_VALUE	64

/*
 * SUBMIT
 */

static size_t data_behind(const struct nlattr *attr, int rem)
{
	size_t len = 0;

	for (attr = nla_next(attr, &rem); nla_ok(attr, rem);
	     attr = nla_next(attr, &rem)) {
		if (nla_type(attr) != KCONNECT_A_DATA)
			break;
		len += nla_len(attr);
	}
	return len;
}

static void data_append(struct request *request, const struct nlattr *attr)
{
	memcpy(request->data.iov_base + request->data.iov_len, nla_data(attr),
	       nla_len(attr));
	request->data.iov_len += nla_len(attr);
}

static void option_parse(struct kconnect_option *option,
			 const struct nlattr *nest, void *room)
{
	struct nlattr *tb[KCONNECT_A_OPTION_MAX + 1];

	/* It has been validated with the message. */
	nla_parse_nested(tb, KCONNECT_A_OPTION_MAX, nest,
			 kconnect_option_nl_policy, NULL);
	if (tb[KCONNECT_A_OPTION_LEVEL])
		option->level = nla_get_u32(tb[KCONNECT_A_OPTION_LEVEL]);
	if (tb[KCONNECT_A_OPTION_NAME])
		option->name = nla_get_u32(tb[KCONNECT_A_OPTION_NAME]);
	option->value = room;
	if (tb[KCONNECT_A_OPTION_VALUE]) {
		option->len = nla_len(tb[KCONNECT_A_OPTION_VALUE]);
		memcpy(room, nla_data(tb[KCONNECT_A_OPTION_VALUE]),
		       option->len);
	}
}

static u32 u32_or_0(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static void request_parse(struct request *request, struct nlattr **tb)
{
	const struct nlattr *attr = tb[KCONNECT_A_REQUEST_LOCAL];

	request->cookie = nla_get_u64(tb[KCONNECT_A_REQUEST_COOKIE]);
	request->operation = nla_get_u32(tb[KCONNECT_A_REQUEST_OPERATION]);
	request->handle = u32_or_0(tb[KCONNECT_A_REQUEST_SOCKET]);
	request->flags = u32_or_0(tb[KCONNECT_A_REQUEST_FLAGS]);
	request->family = u32_or_0(tb[KCONNECT_A_REQUEST_FAMILY]);
	request->protocol = u32_or_0(tb[KCONNECT_A_REQUEST_PROTOCOL]);
	request->disposition = u32_or_0(tb[KCONNECT_A_REQUEST_DISPOSITION]);
	if (attr) {
		request->local = nla_data(attr);
		request->local_len = nla_len(attr);
	}
}

/* The attributes of which there may be several. */
static void request_parse_multi(struct request *request,
				const struct nlattr *nest)
{
	void *room = &request->options[request->n_options];
	struct nlattr *attr;
	unsigned int n = 0;
	int rem;

	nla_for_each_nested(attr, nest, rem) {
		switch (nla_type(attr)) {
		case KCONNECT_A_REQUEST_REMOTE:
			request->remote = nla_data(attr);
			request->remote_len = nla_len(attr);
			request->n_remotes++;
			break;
		case KCONNECT_A_REQUEST_OPTION:
			option_parse(&request->options[n], attr, room);
			if (request->operation == KCONNECT_OPERATION_GET_OPTION)
				request->options[n].len = OPTION_VALUE;
			room += nla_len(attr) + OPTION_VALUE;
			n++;
			break;
		}
	}
	request->data.iov_base = room;
}

/* Joins the data; what is too much is counted, for the core to refuse. */
static void request_parse_data(struct request *request,
			       const struct nlattr *nest, int rem, size_t len)
{
	struct nlattr *attr;
	int inner;

	if (len > KCONNECT_DATA_MAX) {
		request->data.iov_len = len;
		return;
	}
	nla_for_each_nested(attr, nest, inner)
		if (nla_type(attr) == KCONNECT_A_REQUEST_DATA)
			data_append(request, attr);
	for (attr = nla_next(nest, &rem); nla_ok(attr, rem);
	     attr = nla_next(attr, &rem)) {
		if (nla_type(attr) != KCONNECT_A_DATA)
			break;
		data_append(request, attr);
	}
}

/* Makes a request of a nest, and of the data behind it. */
static struct request *request_from(struct session *session,
				    const struct nlattr *nest, int rem,
				    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[KCONNECT_A_REQUEST_MAX + 1];
	size_t len = data_behind(nest, rem);
	struct request *request;
	unsigned int n_options = 0;
	size_t room = 0;
	struct nlattr *attr;
	u64 timeout = 0;
	bool receives;
	u32 length;
	int inner;

	/* It has been validated with the message. */
	nla_parse_nested(tb, KCONNECT_A_REQUEST_MAX, nest,
			 kconnect_request_nl_policy, NULL);
	if (!tb[KCONNECT_A_REQUEST_COOKIE] ||
	    !tb[KCONNECT_A_REQUEST_OPERATION]) {
		NL_SET_ERR_MSG_ATTR(extack, nest,
				    "a request has no cookie or no operation");
		return ERR_PTR(-EINVAL);
	}
	if (tb[KCONNECT_A_REQUEST_TIMEOUT])
		timeout = nla_get_u64(tb[KCONNECT_A_REQUEST_TIMEOUT]);
	nla_for_each_nested(attr, nest, inner) {
		if (nla_type(attr) == KCONNECT_A_REQUEST_DATA) {
			len += nla_len(attr);
		} else if (nla_type(attr) == KCONNECT_A_REQUEST_OPTION) {
			room += nla_len(attr) + OPTION_VALUE;
			n_options++;
		}
	}
	/* A length that is too much needs no room, the core refuses it. */
	length = u32_or_0(tb[KCONNECT_A_REQUEST_LENGTH]);
	if (len <= KCONNECT_DATA_MAX)
		room += len;
	receives = nla_get_u32(tb[KCONNECT_A_REQUEST_OPERATION]) ==
		   KCONNECT_OPERATION_RECEIVE;
	if (receives && length <= KCONNECT_DATA_MAX + 1)
		room += length;

	request = request_new(session, n_options, room, timeout);
	if (!request)
		return ERR_PTR(-ENOMEM);
	request->n_options = n_options;
	request_parse(request, tb);
	request_parse_multi(request, nest);
	if (receives)
		request->data.iov_len = length;
	else
		request_parse_data(request, nest, rem, len);
	return request;
}

/* Makes requests of a message: all of them, or none. */
static int submit_parse(struct session *session, const struct genl_info *info,
			struct list_head *requests)
{
	struct request *request;
	struct nlattr *attr;
	bool any = false;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != KCONNECT_A_REQUEST) {
			if (any)
				continue;
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "there is data before the first request");
			return -EINVAL;
		}
		any = true;
		if (!session_reserve(session, 1)) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "the session has too many requests outstanding");
			return -EDQUOT;
		}
		request = request_from(session, attr, rem, info->extack);
		if (IS_ERR(request)) {
			session_unreserve(session, 1);
			return PTR_ERR(request);
		}
		list_add_tail(&request->list, requests);
	}
	if (any)
		return 0;
	NL_SET_ERR_MSG(info->extack, "there is no request");
	return -EINVAL;
}

/*
 * Completions
 */

static int address_len(const union kconnect_address *address)
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
		size += nla_total_size(OPTION_VALUE);
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

static bool address_put(struct sk_buff *skb, int type,
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
static void completions_send(struct session *session,
			     const struct genl_info *info)
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

int kconnect_nl_submit_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct request *request, *next;
	struct session *session;
	LIST_HEAD(requests);
	int err;

	session = session_find_or_make(genl_info_net(info), info->snd_portid,
				       NETLINK_CB(skb).sk);
	if (IS_ERR(session)) {
		if (PTR_ERR(session) == -EAGAIN)
			NL_SET_ERR_MSG(info->extack,
				       "the former owner of this port id is still being closed");
		return PTR_ERR(session);
	}
	mutex_lock(&session->mutex);
	err = submit_parse(session, info, &requests);
	if (err) {
		list_for_each_entry_safe(request, next, &requests, list)
			request_free(request);
		goto unlock;
	}
	session_submit_begin(session);
	list_for_each_entry_safe(request, next, &requests, list)
		request_run(request);
	completions_send(session, info);
	session_submit_end(session);
unlock:
	mutex_unlock(&session->mutex);
	session_put(session);
	return err;
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

/*
 * CANCEL and STATS_GET
 */

static bool match_socket(const struct request *request, u64 key)
{
	return request->handle == key;
}

static bool match_all(const struct request *request, u64 key)
{
	return true;
}

static int cancel_matching(struct session *session, struct nlattr **attrs,
			   unsigned int *count)
{
	if (attrs[KCONNECT_A_COOKIE])
		*count = session_cancel_cookie(session,
					       nla_get_u64(attrs[KCONNECT_A_COOKIE]));
	else if (attrs[KCONNECT_A_SOCKET])
		*count = session_cancel(session, match_socket,
					nla_get_u32(attrs[KCONNECT_A_SOCKET]));
	else
		*count = session_cancel(session, match_all, 0);
	return *count || attrs[KCONNECT_A_ALL] ? 0 : -ENOENT;
}

static struct sk_buff *reply_new(const struct genl_info *info, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (skb)
		*header = genlmsg_put(skb, info->snd_portid, info->snd_seq,
				      &kconnect_nl_family, 0,
				      info->genlhdr->cmd);
	return skb;
}

int kconnect_nl_cancel_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct session *session;
	unsigned int count = 0;
	struct sk_buff *reply;
	void *header;
	int err;

	if (!!attrs[KCONNECT_A_COOKIE] + !!attrs[KCONNECT_A_SOCKET] +
	    !!attrs[KCONNECT_A_ALL] != 1) {
		NL_SET_ERR_MSG(info->extack,
			       "give one of cookie, socket and all");
		return -EINVAL;
	}
	reply = reply_new(info, &header);
	if (!reply)
		return -ENOMEM;
	session = session_find(genl_info_net(info), info->snd_portid,
			       NETLINK_CB(skb).sk);
	err = attrs[KCONNECT_A_ALL] ? 0 : -ENOENT;
	if (session) {
		err = cancel_matching(session, attrs, &count);
		session_put(session);
	}
	if (!err)
		err = nla_put_u32(reply, KCONNECT_A_COUNT, count);
	if (err) {
		if (err == -ENOENT)
			NL_SET_ERR_MSG(info->extack,
				       "there is no such request pending");
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

int kconnect_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kconnect_net *kn = kconnect_net(genl_info_net(info));
	struct sk_buff *reply;
	void *header;

	reply = reply_new(info, &header);
	if (!reply)
		return -ENOMEM;
	if (nla_put_string(reply, KCONNECT_A_VERSION, THIS_MODULE->version) ||
	    nla_put_u32(reply, KCONNECT_A_SESSIONS,
			atomic_read(&kn->session_count)) ||
	    nla_put_u32(reply, KCONNECT_A_SOCKETS,
			atomic_read(&kn->socket_count)) ||
	    nla_put_u64_64bit(reply, KCONNECT_A_OUTSTANDING,
			      session_outstanding(kn), KCONNECT_A_PAD) ||
	    nla_put_u64_64bit(reply, KCONNECT_A_SUBMITTED,
			      atomic64_read(&kn->submitted), KCONNECT_A_PAD) ||
	    nla_put_u64_64bit(reply, KCONNECT_A_COMPLETED,
			      atomic64_read(&kn->completed), KCONNECT_A_PAD)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

/*
 * SOCKET_EXPORT
 */

static const char *export_message(int err)
{
	switch (err) {
	case -ENOENT:
		return "there is no socket with this handle";
	case -ENOTCONN:
		return "the socket is not connected";
	case -EBUSY:
		return "requests of the socket are pending";
	case -ESHUTDOWN:
		return "the socket is dead; close it";
	}
	return NULL;
}

static struct file *export_file(const struct sk_buff *skb,
				struct genl_info *info, u32 handle)
{
	struct file *file = ERR_PTR(-ENOENT);
	struct session *session;

	session = session_find(genl_info_net(info), info->snd_portid,
			       NETLINK_CB(skb).sk);
	if (!session)
		return file;
	mutex_lock(&session->mutex);
	file = socket_export(session, handle);
	mutex_unlock(&session->mutex);
	session_put(session);
	return file;
}

/*
 * The caller may have a thread that waits for the reply, so the descriptor is
 * there before it is told.
 */
int kconnect_nl_socket_export_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[KCONNECT_A_SOCKET];
	struct sk_buff *reply;
	struct file *file;
	void *header;
	int err;
	int fd;

	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "there is no socket handle");
		return -EINVAL;
	}
	reply = reply_new(info, &header);
	if (!reply)
		return -ENOMEM;
	fd = get_unused_fd_flags(O_CLOEXEC);
	err = fd < 0 ? fd : nla_put_u32(reply, KCONNECT_A_DESCRIPTOR, fd);
	if (err)
		goto free;
	genlmsg_end(reply, header);
	file = export_file(skb, info, nla_get_u32(attr));
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		info->extack->_msg = export_message(err);
		NL_SET_BAD_ATTR(info->extack, attr);
		goto free;
	}
	fd_install(fd, file);
	err = genlmsg_reply(reply, info);
	if (err)
		close_fd(fd);
	return err;

free:
	if (fd >= 0)
		put_unused_fd(fd);
	nlmsg_free(reply);
	return err;
}

/*
 * PATH_GET and PATH_CLEAR
 */

static int hostile_path_put(struct sk_buff *skb, const struct kconnect_path *path)
{
	struct nlattr *nest = nla_nest_start(skb, KCONNECT_A_PATH);

	if (!nest)
		return -EMSGSIZE;
	if (address_put(skb, KCONNECT_A_PATH_SOURCE, &path->source) ||
	    address_put(skb, KCONNECT_A_PATH_DESTINATION, &path->destination) ||
	    nla_put_u32(skb, KCONNECT_A_PATH_LOSSES, path->losses) ||
	    nla_put_u32(skb, KCONNECT_A_PATH_BACKOFFS, path->backoffs) ||
	    (path->retry_in &&
	     nla_put_u64_64bit(skb, KCONNECT_A_PATH_RETRY_IN, path->retry_in,
			       KCONNECT_A_PATH_PAD))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

int kconnect_nl_path_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	unsigned long first = cb->args[0];
	struct kconnect_path path;
	void *header;

	if (!kconnect_path_get(net, first, &path))
		return 0;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &kconnect_nl_family,
			     NLM_F_MULTI, KCONNECT_CMD_PATH_GET);
	if (!header)
		return -EMSGSIZE;
	do {
		if (hostile_path_put(skb, &path))
			break;
		cb->args[0]++;
	} while (kconnect_path_get(net, cb->args[0], &path));
	genlmsg_end(skb, header);
	return skb->len;
}

int kconnect_nl_path_clear_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[KCONNECT_A_REMOTE];
	union kconnect_address remote = {};
	struct sk_buff *reply;
	unsigned int count;
	void *header;

	if (attr) {
		nla_memcpy(&remote, attr, sizeof(remote));
		if (!address_len(&remote) ||
		    nla_len(attr) != address_len(&remote)) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "this is not a whole address");
			return -EINVAL;
		}
	}
	reply = reply_new(info, &header);
	if (!reply)
		return -ENOMEM;
	count = kconnect_path_clear(genl_info_net(info),
				    attr ? &remote : NULL);
	if (nla_put_u32(reply, KCONNECT_A_COUNT, count)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

static int netlink_event(struct notifier_block *block, unsigned long event,
			 void *data)
{
	struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC)
		session_release(notify->net, notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = {
	.notifier_call = netlink_event,
};

int netlink_init(void)
{
	int err;

	err = netlink_register_notifier(&netlink_notifier);
	if (err)
		return err;
	err = genl_register_family(&kconnect_nl_family);
	if (err)
		netlink_unregister_notifier(&netlink_notifier);
	return err;
}

void netlink_exit(void)
{
	genl_unregister_family(&kconnect_nl_family);
	netlink_unregister_notifier(&netlink_notifier);
}
