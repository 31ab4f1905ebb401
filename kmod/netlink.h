/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the netlink files share.
 */
#ifndef _KCONNECT_NETLINK_H
#define _KCONNECT_NETLINK_H

#include "session.h"

struct genl_info;
struct sk_buff;

/* completion.c */
int address_len(const union kconnect_address *address);
bool address_put(struct sk_buff *skb, int type,
		 const union kconnect_address *address);
void completions_send(struct session *session, const struct genl_info *info);

#endif /* _KCONNECT_NETLINK_H */
