// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves the in-kernel API, clause by clause of WskConnectEx and status by
 * status. A plain module, as not every kernel has KUnit: the tests run while it
 * loads, in the namespace of the one who loads it, and
 * /sys/kernel/debug/kconnect_conformance/results has a line for each:
 *
 *	NAME <tab> passed|failed <tab> what was expected, and was not so
 *
 * It needs @server, which sends back what it gets, takes fast open and closes
 * when it has seen a FIN; @reset, which resets each connection; @closed, where
 * nobody listens; @own, which listens at this machine; and four addresses that
 * the network answers in its own way; and that a memory cgroup limits the one
 * who loads it to less than 256 MiB.
 */
#include <linux/debugfs.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include "conformance.h"

#define PATIENCE (20 * HZ)

static char *server;
module_param(server, charp, 0444);
MODULE_PARM_DESC(server, "address where all servers are");

static char *port;
module_param(port, charp, 0444);
MODULE_PARM_DESC(port, "port that echoes, and takes fast open");

static char *reset;
module_param(reset, charp, 0444);
MODULE_PARM_DESC(reset, "port that resets each connection");

static char *closed;
module_param(closed, charp, 0444);
MODULE_PARM_DESC(closed, "port where nobody listens");

static char *own;
module_param(own, charp, 0444);
MODULE_PARM_DESC(own, "port that listens at this machine's own loopback address");

static char *silent;
module_param(silent, charp, 0444);
MODULE_PARM_DESC(silent, "address that never answers");

static char *nowhere;
module_param(nowhere, charp, 0444);
MODULE_PARM_DESC(nowhere, "address without a route");

static char *unreachable;
module_param(unreachable, charp, 0444);
MODULE_PARM_DESC(unreachable, "address that a router says is unreachable");

static char *prohibited;
module_param(prohibited, charp, 0444);
MODULE_PARM_DESC(prohibited, "address that the local routes prohibit");

struct kconnect_open opened;
struct sockaddr_storage echo_at, reset_at, closed_at, own_at, silent_at,
	nowhere_at, unreachable_at, prohibited_at;
u8 *data, *room;
const char *failed;

/* What the test under way has made, for its end to clear away. */
static LIST_HEAD(calls);
static struct kconnect_socket *sockets[SOCKETS];

int length(void)
{
	return opened.family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					   sizeof(struct sockaddr_in);
}

static void completed(struct kconnect_irp *irp)
{
	struct call *call = container_of(irp, struct call, irp);

	if (call->buffer.iov_base)
		memset(call->buffer.iov_base, POISON, call->buffer.iov_len);
	if (call->next)
		call->next(call);
	atomic_inc(&call->times);
	complete(&call->done);
}

struct call *call_new(gfp_t gfp)
{
	struct call *call = kzalloc(sizeof(*call), GFP_KERNEL | __GFP_NOFAIL);

	kconnect_irp_init(&call->irp, completed, gfp);
	init_completion(&call->done);
	list_add_tail(&call->node, &calls);
	return call;
}

/* Return: the status; 1 if it does not complete. */
int outcome(struct call *call)
{
	if (!wait_for_completion_timeout(&call->done, PATIENCE))
		return 1;
	complete(&call->done); /* whoever asks again gets the same answer */
	return call->irp.result.status;
}

/* Whether it was refused so, with words, in one completion. */
bool refused(struct call *call, int returned, int status)
{
	return returned == status && atomic_read(&call->times) == 1 &&
	       outcome(call) == status && call->irp.result.message &&
	       !call->irp.result.information;
}

/* The test's end closes it. */
struct kconnect_socket *keep(struct kconnect_socket *ks)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sockets); i++) {
		if (!IS_ERR(ks) && !sockets[i]) {
			sockets[i] = ks;
			break;
		}
	}
	return ks;
}

void forget(struct kconnect_socket *ks)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sockets); i++)
		if (sockets[i] == ks)
			sockets[i] = NULL;
}

/* With a GFP_KERNEL IRP it is closed, and all of it is over, on return. */
void hang_up(struct kconnect_socket *ks)
{
	forget(ks);
	kconnect_close(ks, KCONNECT_DISPOSITION_ABORTIVE,
		       &call_new(GFP_KERNEL)->irp);
}

struct kconnect_socket *new_socket(void)
{
	return keep(kconnect_socket(&opened, &call_new(GFP_KERNEL)->irp));
}

int bind_to(struct kconnect_socket *ks, const struct sockaddr_storage *local,
	    struct call *call)
{
	return kconnect_bind(ks, local, length(), 0, &call->irp);
}

int bind_any(struct kconnect_socket *ks, gfp_t gfp)
{
	struct sockaddr_storage any = { .ss_family = opened.family };

	return bind_to(ks, &any, call_new(gfp));
}

struct kconnect_socket *bound(void)
{
	struct kconnect_socket *ks = new_socket();

	bind_any(ks, GFP_KERNEL);
	return ks;
}

/* connect-ex with the first @len bytes of @data. */
int dial(struct kconnect_socket *ks, const struct sockaddr_storage *to,
	 size_t len, struct call *call)
{
	struct kvec buffer = { data, len };

	return kconnect_connect_ex(ks, to, length(), &buffer, 0, &call->irp);
}

/* Return: how the connect went. */
int dialled(struct kconnect_socket *ks, const struct sockaddr_storage *to,
	    size_t len)
{
	struct call *call = call_new(GFP_KERNEL);

	dial(ks, to, len, call);
	return outcome(call);
}

struct kconnect_socket *connected(void)
{
	struct kconnect_socket *ks = bound();

	dialled(ks, &echo_at, 0);
	return ks;
}

int take(struct kconnect_socket *ks, void *to, size_t len,
	 struct call *call)
{
	struct kvec buffer = { to, len };

	return kconnect_receive(ks, &buffer, KCONNECT_RECEIVE_FLAGS_WAITALL,
				&call->irp);
}

/* Whether the first @len bytes of @data come back. */
bool echoed(struct kconnect_socket *ks, size_t len)
{
	struct call *call = call_new(GFP_KERNEL);

	memset(room, 0, len);
	take(ks, room, len, call);
	return !outcome(call) && call->irp.result.information == len &&
	       !memcmp(room, data, len);
}

int set_option(struct kconnect_socket *ks, int level, int name, int on)
{
	struct kconnect_option option = { level, name, &on, sizeof(on) };
	struct call *call = call_new(GFP_KERNEL);

	kconnect_set_option(ks, &option, &call->irp);
	return outcome(call);
}

/* Return: whether every call has completed exactly once; frees those that have. */
static bool clear_away(void)
{
	struct call *call, *next;
	bool once = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sockets); i++)
		if (sockets[i])
			hang_up(sockets[i]);
	list_for_each_entry_safe(call, next, &calls, node)
		outcome(call);
	synchronize_rcu(); /* the completions have returned */
	list_for_each_entry_safe(call, next, &calls, node) {
		int times = atomic_read(&call->times);

		list_del(&call->node);
		once &= times == 1;
		if (times) /* else somebody may still have it */
			kfree(call);
	}
	return once;
}

static void results_print(struct seq_file *file, const struct test *test)
{
	for (; test->name; test++)
		seq_printf(file, "%s\t%s\t%s\n", test->name,
			   test->words ? "failed" : "passed",
			   test->words ?: "");
}

static int results_show(struct seq_file *file, void *unused)
{
	results_print(file, clause_tests);
	results_print(file, status_tests);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static struct dentry *folder;

static int parse(const char *host, const char *service,
		 struct sockaddr_storage *to)
{
	if (!host || !service)
		return -EINVAL;
	return inet_pton_with_scope(opened.net, AF_UNSPEC, host, service, to);
}

static int parse_all(void)
{
	return parse(server, port, &echo_at) ?:
	       parse(server, reset, &reset_at) ?:
	       parse(server, closed, &closed_at) ?:
	       parse(echo_at.ss_family == AF_INET6 ? "::1" : "127.0.0.1", own,
		     &own_at) ?:
	       parse(silent, "80", &silent_at) ?:
	       parse(nowhere, "80", &nowhere_at) ?:
	       parse(unreachable, "80", &unreachable_at) ?:
	       parse(prohibited, "80", &prohibited_at);
}

static void run_all(struct test *test)
{
	for (; test->name; test++) {
		failed = NULL;
		test->run();
		if (!clear_away() && !failed)
			failed = "a call has not completed exactly once";
		test->words = failed;
	}
}

static int __init conformance_init(void)
{
	unsigned int i;
	int err;

	opened.net = current->nsproxy->net_ns;
	err = parse_all();
	if (err)
		return err;
	opened.family = echo_at.ss_family;
	data = kmalloc(KCONNECT_DATA_MAX + 1, GFP_KERNEL);
	room = kmalloc(KCONNECT_DATA_MAX + 1, GFP_KERNEL);
	if (data && room) {
		for (i = 0; i <= KCONNECT_DATA_MAX; i++)
			data[i] = i ^ i >> 8;
		run_all(clause_tests);
		run_all(status_tests);
	}
	err = data && room ? 0 : -ENOMEM;
	kfree(room);
	kfree(data);
	if (err)
		return err;
	folder = debugfs_create_dir("kconnect_conformance", NULL);
	debugfs_create_file("results", 0444, folder, NULL, &results_fops);
	return 0;
}

static void __exit conformance_exit(void)
{
	debugfs_remove(folder);
}

module_init(conformance_init);
module_exit(conformance_exit);

MODULE_DESCRIPTION("Proves the in-kernel API of kconnect");
MODULE_LICENSE("GPL");
