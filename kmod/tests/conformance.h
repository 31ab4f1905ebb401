/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the proofs of the in-kernel API share, see conformance.c.
 */
#ifndef _KCONNECT_CONFORMANCE_H
#define _KCONNECT_CONFORMANCE_H

#include <linux/completion.h>
#include <linux/kconnect.h>
#include <linux/list.h>
#include <linux/stringify.h>
#include <linux/tcp.h>

#define POISON		0x6b
#define SOCKETS		64 /* at most, in one test */

/**
 * struct call - one call of the API
 * @irp: its request
 * @done: it has completed
 * @times: how often it has
 * @buffer: poisoned as it completes, to show that nobody needs it any more
 * @next: what the completion calls: the next request of a chain
 * @socket: for @next
 * @node: in the list of the test's calls
 */
struct call {
	struct kconnect_irp	irp;
	struct completion	done;
	atomic_t		times;
	struct kvec		buffer;
	void			(*next)(struct call *call);
	struct kconnect_socket	*socket;
	struct list_head	node;
};

/**
 * struct test - one test
 * @name: the clause, or the errno, that it is about
 * @run: does it; what is not as expected goes to EXPECT()
 * @words: the first such thing, or NULL
 */
struct test {
	const char	*name;
	void		(*run)(void);
	const char	*words;
};

extern struct test clause_tests[], status_tests[]; /* the last has no name */

extern struct kconnect_open opened; /* what kind of socket all of them are */
extern struct sockaddr_storage echo_at, reset_at, closed_at, own_at,
	silent_at, nowhere_at, unreachable_at, prohibited_at;
extern u8 *data, *room; /* KCONNECT_DATA_MAX + 1 bytes each */
extern const char *failed; /* what was not as expected in the test under way */

/* The first one counts, and the test goes on to its end. */
#define EXPECT(_condition)						\
	expect(_condition, "line " __stringify(__LINE__) ": " #_condition)

static inline void expect(bool so, const char *words)
{
	if (!so && !failed)
		failed = words;
}

int length(void);
struct call *call_new(gfp_t gfp);
int outcome(struct call *call);
bool refused(struct call *call, int returned, int status);
struct kconnect_socket *keep(struct kconnect_socket *ks);
void forget(struct kconnect_socket *ks);
void hang_up(struct kconnect_socket *ks);
struct kconnect_socket *new_socket(void);
int bind_to(struct kconnect_socket *ks, const struct sockaddr_storage *local,
	    struct call *call);
int bind_any(struct kconnect_socket *ks, gfp_t gfp);
struct kconnect_socket *bound(void);
int dial(struct kconnect_socket *ks, const struct sockaddr_storage *to,
	 size_t len, struct call *call);
int dialled(struct kconnect_socket *ks, const struct sockaddr_storage *to,
	    size_t len);
struct kconnect_socket *connected(void);
int take(struct kconnect_socket *ks, void *to, size_t len,
	 struct call *call);
bool echoed(struct kconnect_socket *ks, size_t len);
int set_option(struct kconnect_socket *ks, int level, int name, int on);

#endif /* _KCONNECT_CONFORMANCE_H */
