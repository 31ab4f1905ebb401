// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submit messages: from attributes to requests.
 */
#include <net/genetlink.h>
#include "netlink.h"
#include "netlink_gen.h"

/* Room for the value of an option that is asked for. */
#define OPTION_VALUE	64

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
