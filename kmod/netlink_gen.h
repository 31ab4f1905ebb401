/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	kmod/kconnect.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: kmod/generate */

#ifndef _LINUX_KCONNECT_GEN_H
#define _LINUX_KCONNECT_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/kconnect.h>

/* Common nested types */
extern const struct nla_policy kconnect_option_nl_policy[KCONNECT_A_OPTION_VALUE + 1];
extern const struct nla_policy kconnect_request_nl_policy[KCONNECT_A_REQUEST_PAD + 1];

int kconnect_nl_reap_start(struct netlink_callback *cb);

int kconnect_nl_submit_doit(struct sk_buff *skb, struct genl_info *info);
int kconnect_nl_reap_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int kconnect_nl_cancel_doit(struct sk_buff *skb, struct genl_info *info);
int kconnect_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int kconnect_nl_path_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int kconnect_nl_path_clear_doit(struct sk_buff *skb, struct genl_info *info);
int kconnect_nl_socket_export_doit(struct sk_buff *skb, struct genl_info *info);

extern struct genl_family kconnect_nl_family;

#endif /* _LINUX_KCONNECT_GEN_H */
