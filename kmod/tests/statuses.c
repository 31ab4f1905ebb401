// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statuses that a request can complete with, each provoked.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include "conformance.h"

#define PAGES (256UL * SZ_1M / PAGE_SIZE) /* more than the limit */

static void status_success(void)
{
	EXPECT(!dialled(bound(), &echo_at, 0));
}

static void status_einprogress(void)
{
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(dial(bound(), &silent_at, 0, call) == -EINPROGRESS);
	EXPECT(!completion_done(&call->done));
}

static void status_emsgsize(void)
{
	struct kconnect_socket *ks = connected();
	struct kvec buffer = { data, KCONNECT_DATA_MAX + 1 };
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(refused(call, kconnect_send(ks, &buffer, 0, &call->irp),
		       -EMSGSIZE));
	call = call_new(GFP_KERNEL);
	EXPECT(refused(call, dial(bound(), &echo_at, buffer.iov_len, call),
		       -EMSGSIZE));
}

static void status_einval(void)
{
	struct kconnect_socket *ks = connected();
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(refused(call, take(ks, room, 0, call), -EINVAL));
	call = call_new(GFP_KERNEL);
	EXPECT(refused(call, take(ks, room, 65537, call), -EINVAL));
	call = call_new(GFP_KERNEL);
	EXPECT(refused(call, kconnect_bind(ks, &echo_at, 1, 0, &call->irp),
		       -EINVAL));
}

static void status_eshutdown(void)
{
	struct kconnect_socket *ks = bound();

	dialled(ks, &closed_at, 0);
	EXPECT(dialled(ks, &echo_at, 0) == -ESHUTDOWN);
}

static void status_ecanceled(void)
{
	struct kconnect_socket *ks = connected();
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(take(ks, room, 1, call) == -EINPROGRESS);
	hang_up(ks);
	EXPECT(outcome(call) == -ECANCELED);
}

static void status_etimedout(void)
{
	struct call *call = call_new(GFP_ATOMIC);
	const struct kconnect_result *result = &call->irp.result;

	kconnect_irp_set_timeout(&call->irp, 50 * NSEC_PER_MSEC);
	dial(bound(), &silent_at, 1, call);
	EXPECT(outcome(call) == -ETIMEDOUT);
	EXPECT(result->completed - result->submitted >= 50 * NSEC_PER_MSEC);
}

static void status_econnrefused(void)
{
	EXPECT(dialled(bound(), &closed_at, 1) == -ECONNREFUSED);
}

/* That server waits for a byte, so the connect has succeeded by then. */
static void status_econnreset(void)
{
	struct kconnect_socket *ks = bound();
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(!dialled(ks, &reset_at, 0));
	kconnect_send(ks, &(struct kvec) { data, 1 }, 0,
		      &call_new(GFP_KERNEL)->irp);
	take(ks, room, 1, call);
	EXPECT(outcome(call) == -ECONNRESET);
}

/* Somebody outside destroys the attempts to get to this port. */
static void status_econnaborted(void)
{
	struct sockaddr_storage at = silent_at;

	((struct sockaddr_in *)&at)->sin_port = htons(4000);
	EXPECT(dialled(bound(), &at, 0) == -ECONNABORTED);
}

static void status_enetunreach(void)
{
	EXPECT(dialled(bound(), &nowhere_at, 1) == -ENETUNREACH);
}

static void status_ehostunreach(void)
{
	EXPECT(dialled(bound(), &unreachable_at, 1) == -EHOSTUNREACH);
}

static void status_eaddrinuse(void)
{
	struct sockaddr_storage local = { .ss_family = opened.family };
	struct call *call = call_new(GFP_KERNEL);

	((struct sockaddr_in *)&local)->sin_port = htons(7);
	EXPECT(!bind_to(new_socket(), &local, call_new(GFP_KERNEL)));
	EXPECT(bind_to(new_socket(), &local, call) == -EADDRINUSE);
}

static void status_eaddrnotavail(void)
{
	EXPECT(bind_to(new_socket(), &echo_at, call_new(GFP_KERNEL)) ==
	       -EADDRNOTAVAIL);
}

static void status_eisconn(void)
{
	EXPECT(dialled(connected(), &echo_at, 0) == -EISCONN);
}

static void status_enotconn(void)
{
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(refused(call, take(bound(), room, 1, call), -ENOTCONN));
}

static void status_eacces(void)
{
	EXPECT(dialled(bound(), &prohibited_at, 0) == -EACCES);
}

/* Return: whether there is a limit, and it has been reached. */
static bool use_up_memory(struct list_head *pages)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		struct page *page = alloc_page(GFP_NOWAIT | __GFP_ACCOUNT);

		if (!page)
			return true;
		list_add(&page->lru, pages);
	}
	return false;
}

/*
 * The one who loads us has a limit (its memory cgroup's), and sockets are
 * charged to it. GFP_NOWAIT has no reserves; but what the tests before have
 * left may be freed any time, and a processor keeps some in stock.
 */
static void status_enomem(void)
{
	struct kconnect_socket *ks = NULL;
	struct call *call = NULL;
	struct page *page, *next;
	LIST_HEAD(pages);
	unsigned int i;

	for (i = 0; i < SOCKETS && !IS_ERR(ks) && use_up_memory(&pages); i++) {
		call = call_new(GFP_NOWAIT);
		ks = keep(kconnect_socket(&opened, &call->irp));
	}
	EXPECT(PTR_ERR(ks) == -ENOMEM);
	EXPECT(call && outcome(call) == -ENOMEM);
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
}

static void status_eopnotsupp(void)
{
	EXPECT(set_option(new_socket(), SOL_SOCKET, SO_LINGER, 0) ==
	       -EOPNOTSUPP);
}

static void status_epipe(void)
{
	struct kconnect_socket *ks = connected();
	struct call *call = call_new(GFP_KERNEL);

	kconnect_disconnect(ks, NULL, 0, &call->irp);
	EXPECT(!outcome(call));
	call = call_new(GFP_KERNEL);
	EXPECT(refused(call, kconnect_send(ks, NULL, 0, &call->irp), -EPIPE));
}

/* One of the many that have no status of their own. */
static void status_other(void)
{
	struct kconnect_open open = { opened.net, AF_UNIX, 0 };
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(PTR_ERR(kconnect_socket(&open, &call->irp)) == -EAFNOSUPPORT);
	EXPECT(outcome(call) == -EAFNOSUPPORT);
}

struct test status_tests[] = {
	{ "0", status_success },
	{ "EINPROGRESS", status_einprogress },
	{ "EMSGSIZE", status_emsgsize },
	{ "EINVAL", status_einval },
	{ "ESHUTDOWN", status_eshutdown },
	{ "ECANCELED", status_ecanceled },
	{ "ETIMEDOUT", status_etimedout },
	{ "ECONNREFUSED", status_econnrefused },
	{ "ECONNRESET", status_econnreset },
	{ "ECONNABORTED", status_econnaborted },
	{ "ENETUNREACH", status_enetunreach },
	{ "EHOSTUNREACH", status_ehostunreach },
	{ "EADDRINUSE", status_eaddrinuse },
	{ "EADDRNOTAVAIL", status_eaddrnotavail },
	{ "EISCONN", status_eisconn },
	{ "ENOTCONN", status_enotconn },
	{ "EACCES", status_eacces },
	{ "ENOMEM", status_enomem },
	{ "EOPNOTSUPP", status_eopnotsupp },
	{ "EPIPE", status_epipe },
	{ "other", status_other },
	{}
};
