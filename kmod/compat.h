/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other kernels. Everything that differs between the versions kconnect builds
 * for is here. Kbuild looks into the headers for what there is and defines
 * HAVE_*, since stable trees backport.
 */
#ifndef _KCONNECT_COMPAT_H
#define _KCONNECT_COMPAT_H

#include <linux/hrtimer.h>
#include <net/genetlink.h>

/*
 * 6.2 split a command into its do and its dump. Where each command has only
 * one of the two, the older table holds the same members.
 */
#ifndef HAVE_GENL_SPLIT_OPS
#define genl_split_ops	genl_ops
#define split_ops	ops
#define n_split_ops	n_ops
#endif

/* 6.7 */
#ifndef NLA_POLICY_MAX_LEN
#define NLA_POLICY_MAX_LEN(_len)	NLA_POLICY_MAX(NLA_BINARY, _len)
#endif

/* 6.13 */
#ifndef HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

#endif /* _KCONNECT_COMPAT_H */
