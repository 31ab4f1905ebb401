// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: its smaller commands, and what it is told of
 * netlink sockets. What the messages look like is written in kconnect.yaml.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include "netlink.h"
#include "netlink_gen.h"

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
