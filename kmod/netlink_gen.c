// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	kmod/kconnect.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: kmod/generate */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/kconnect.h>

#include "compat.h"

/* Common nested types */
const struct nla_policy kconnect_option_nl_policy[KCONNECT_A_OPTION_VALUE + 1] = {
	[KCONNECT_A_OPTION_LEVEL] = { .type = NLA_U32, },
	[KCONNECT_A_OPTION_NAME] = { .type = NLA_U32, },
	[KCONNECT_A_OPTION_VALUE] = { .type = NLA_BINARY, },
};

const struct nla_policy kconnect_request_nl_policy[KCONNECT_A_REQUEST_PAD + 1] = {
	[KCONNECT_A_REQUEST_COOKIE] = { .type = NLA_U64, },
	[KCONNECT_A_REQUEST_OPERATION] = { .type = NLA_U32, },
	[KCONNECT_A_REQUEST_SOCKET] = { .type = NLA_U32, },
	[KCONNECT_A_REQUEST_FLAGS] = { .type = NLA_U32, },
	[KCONNECT_A_REQUEST_TIMEOUT] = { .type = NLA_U64, },
	[KCONNECT_A_REQUEST_FAMILY] = { .type = NLA_U32, },
	[KCONNECT_A_REQUEST_PROTOCOL] = { .type = NLA_U32, },
	[KCONNECT_A_REQUEST_LOCAL] = NLA_POLICY_MAX_LEN(KCONNECT_ADDRESS_MAX),
	[KCONNECT_A_REQUEST_REMOTE] = NLA_POLICY_MAX_LEN(KCONNECT_ADDRESS_MAX),
	[KCONNECT_A_REQUEST_DATA] = { .type = NLA_BINARY, },
	[KCONNECT_A_REQUEST_OPTION] = NLA_POLICY_NESTED(kconnect_option_nl_policy),
	[KCONNECT_A_REQUEST_LENGTH] = { .type = NLA_U32, },
	[KCONNECT_A_REQUEST_DISPOSITION] = NLA_POLICY_MAX(NLA_U32, 2),
};

/* KCONNECT_CMD_SUBMIT - do */
static const struct nla_policy kconnect_submit_nl_policy[KCONNECT_A_DATA + 1] = {
	[KCONNECT_A_REQUEST] = NLA_POLICY_NESTED(kconnect_request_nl_policy),
	[KCONNECT_A_DATA] = { .type = NLA_BINARY, },
};

/* KCONNECT_CMD_CANCEL - do */
static const struct nla_policy kconnect_cancel_nl_policy[KCONNECT_A_ALL + 1] = {
	[KCONNECT_A_COOKIE] = { .type = NLA_U64, },
	[KCONNECT_A_SOCKET] = { .type = NLA_U32, },
	[KCONNECT_A_ALL] = { .type = NLA_FLAG, },
};

/* KCONNECT_CMD_PATH_CLEAR - do */
static const struct nla_policy kconnect_path_clear_nl_policy[KCONNECT_A_REMOTE + 1] = {
	[KCONNECT_A_REMOTE] = NLA_POLICY_MAX_LEN(KCONNECT_ADDRESS_MAX),
};

/* KCONNECT_CMD_SOCKET_EXPORT - do */
static const struct nla_policy kconnect_socket_export_nl_policy[KCONNECT_A_SOCKET + 1] = {
	[KCONNECT_A_SOCKET] = { .type = NLA_U32, },
};

/* Ops table for kconnect */
static const struct genl_split_ops kconnect_nl_ops[] = {
	{
		.cmd		= KCONNECT_CMD_SUBMIT,
		.doit		= kconnect_nl_submit_doit,
		.policy		= kconnect_submit_nl_policy,
		.maxattr	= KCONNECT_A_DATA,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KCONNECT_CMD_REAP,
		.start	= kconnect_nl_reap_start,
		.dumpit	= kconnect_nl_reap_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KCONNECT_CMD_CANCEL,
		.doit		= kconnect_nl_cancel_doit,
		.policy		= kconnect_cancel_nl_policy,
		.maxattr	= KCONNECT_A_ALL,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KCONNECT_CMD_STATS_GET,
		.doit	= kconnect_nl_stats_get_doit,
		.flags	= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= KCONNECT_CMD_PATH_GET,
		.dumpit	= kconnect_nl_path_get_dumpit,
		.flags	= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= KCONNECT_CMD_PATH_CLEAR,
		.doit		= kconnect_nl_path_clear_doit,
		.policy		= kconnect_path_clear_nl_policy,
		.maxattr	= KCONNECT_A_REMOTE,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
	{
		.cmd		= KCONNECT_CMD_SOCKET_EXPORT,
		.doit		= kconnect_nl_socket_export_doit,
		.policy		= kconnect_socket_export_nl_policy,
		.maxattr	= KCONNECT_A_SOCKET,
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,
	},
};

struct genl_family kconnect_nl_family __ro_after_init = {
	.name		= KCONNECT_FAMILY_NAME,
	.version	= KCONNECT_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= kconnect_nl_ops,
	.n_split_ops	= ARRAY_SIZE(kconnect_nl_ops),
};
