// SPDX-License-Identifier: GPL-2.0-only
/*
 * The twelve clauses of WskConnectEx, each proved on the in-kernel API.
 */
#include <linux/delay.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include "conformance.h"

#define RACES 300

static void clause_1(void)
{
	struct sockaddr_storage other = echo_at;
	struct kconnect_socket *ks = bound();
	struct call *call = call_new(GFP_KERNEL);

	other.ss_family = opened.family == AF_INET ? AF_INET6 : AF_INET;
	EXPECT(refused(call, dial(ks, &other, 1, call), -EINVAL));
	call = call_new(GFP_ATOMIC);
	EXPECT(refused(call, dial(ks, &other, 1, call), -EINVAL));
	EXPECT(!dialled(ks, &echo_at, 4));
	EXPECT(echoed(ks, 4));
}

static void clause_2(void)
{
	struct kconnect_socket *ks = bound();
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(refused(call, dial(ks, &echo_at, KCONNECT_DATA_MAX + 1, call),
		       -EMSGSIZE));
	call = call_new(GFP_KERNEL);
	dial(ks, &echo_at, KCONNECT_DATA_MAX, call);
	EXPECT(!outcome(call));
	EXPECT(call->irp.result.information == KCONNECT_DATA_MAX);
	EXPECT(echoed(ks, KCONNECT_DATA_MAX));

	ks = bound();
	call = call_new(GFP_KERNEL);
	kconnect_connect_ex(ks, &echo_at, length(), NULL, 0, &call->irp);
	EXPECT(!outcome(call));
	EXPECT(!call->irp.result.information);
}

static void clause_3(void)
{
	struct kconnect_socket *ks = bound();
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		struct call *call = call_new(GFP_KERNEL);
		int returned = kconnect_connect_ex(ks, &echo_at, length(), NULL,
						   BIT(bit), &call->irp);

		EXPECT(refused(call, returned, -EINVAL));
	}
	EXPECT(!dialled(ks, &echo_at, 0));
}

static void clause_4(void)
{
	struct kconnect_socket *ks = new_socket();
	struct call *call = call_new(GFP_KERNEL);

	EXPECT(refused(call, dial(ks, &echo_at, 1, call), -EINVAL));
	EXPECT(strstr(call->irp.result.message, "not bound"));
	EXPECT(!bind_any(ks, GFP_KERNEL));
	EXPECT(!dialled(ks, &echo_at, 1));
}

/* The end of every test counts the completions of every call. */
static void clause_5(void)
{
	unsigned int i, cancelled = 0;

	for (i = 0; i < RACES && !failed; i++) {
		struct kconnect_socket *ks = bound();
		struct call *call = call_new(i % 2 ? GFP_ATOMIC : GFP_KERNEL);
		bool first;
		int returned = dial(ks, &echo_at, 1, call);

		/* An odd one goes to the work: let that get somewhere. */
		udelay(i % 64);
		first = kconnect_irp_cancel(&call->irp);
		EXPECT(returned == -EINPROGRESS || returned == outcome(call));
		EXPECT(outcome(call) == (first ? -ECANCELED : 0));
		cancelled += first;
		hang_up(ks);
		EXPECT(atomic_read(&call->times) == 1);
	}
	EXPECT(cancelled);
}

/*
 * To one's own machine the handshake is over before the call is, unless the
 * kernel leaves softirqs for later: that must not be so every time.
 */
static bool connects_at_once(void)
{
	unsigned int i;

	for (i = 0; i < RACES; i++) {
		struct kconnect_socket *ks = bound();
		struct call *call = call_new(GFP_KERNEL);
		bool at_once = !dial(ks, &own_at, 7, call);

		EXPECT(!at_once || atomic_read(&call->times) == 1);
		EXPECT(!outcome(call));
		EXPECT(call->irp.result.information == 7);
		hang_up(ks);
		if (at_once)
			return true;
	}
	return false;
}

static void clause_6(void)
{
	struct call *call = call_new(GFP_KERNEL);
	int returned = dial(bound(), &silent_at, 1, call);

	EXPECT(returned == -EINPROGRESS);
	EXPECT(!atomic_read(&call->times));
	EXPECT(kconnect_irp_cancel(&call->irp));
	EXPECT(outcome(call) == -ECANCELED);
	EXPECT(!call->irp.result.information);

	call = call_new(GFP_ATOMIC);
	EXPECT(dial(bound(), &echo_at, 7, call) == -EINPROGRESS);
	EXPECT(!outcome(call));
	EXPECT(call->irp.result.information == 7);

	EXPECT(connects_at_once());
}

static void clause_7(void)
{
	struct kconnect_socket *ks = bound();
	struct call *call;

	EXPECT(dialled(ks, &closed_at, 1) == -ECONNREFUSED);
	EXPECT(dialled(ks, &echo_at, 1) == -ESHUTDOWN);
	call = call_new(GFP_KERNEL);
	EXPECT(refused(call, take(ks, room, 1, call), -ESHUTDOWN));
	EXPECT(bind_any(ks, GFP_KERNEL) == -ESHUTDOWN);
}

/* Poisoned as the connect completes, the buffer arrives unharmed. */
static void clause_8(void)
{
	struct kconnect_socket *ks = bound();
	struct call *call = call_new(GFP_KERNEL);

	memcpy(room, data, KCONNECT_DATA_MAX);
	call->buffer = (struct kvec) { room, KCONNECT_DATA_MAX };
	kconnect_connect_ex(ks, &echo_at, length(), &call->buffer, 0,
			    &call->irp);
	EXPECT(!outcome(call));
	EXPECT(room[0] == POISON && room[KCONNECT_DATA_MAX - 1] == POISON);
	EXPECT(echoed(ks, KCONNECT_DATA_MAX));

	/* Nor is the buffer of a receive that was cancelled written to. */
	call = call_new(GFP_KERNEL);
	call->buffer = (struct kvec) { room, 64 };
	take(ks, room, 64, call);
	EXPECT(kconnect_irp_cancel(&call->irp));
	EXPECT(outcome(call) == -ECANCELED);
	EXPECT(room[0] == POISON);
	call = call_new(GFP_KERNEL);
	kconnect_send(ks, &(struct kvec) { data, 32 }, 0, &call->irp);
	EXPECT(!outcome(call));
	call = call_new(GFP_KERNEL);
	take(ks, room + 64, 32, call);
	EXPECT(!outcome(call));
	EXPECT(!memcmp(room + 64, data, 32));
	EXPECT(!memchr_inv(room, POISON, 64));
}

/*
 * The API has no call that listens. What it has that could (options that on
 * Linux are a listener's) is refused, and nobody listens where it connected.
 */
static void clause_9(void)
{
	struct kconnect_socket *ks = bound();
	struct call *call = call_new(GFP_KERNEL);
	struct sockaddr_storage local = {};

	dial(ks, &echo_at, 0, call);
	EXPECT(!outcome(call));
	memcpy(&local, &call->irp.result.local, length());
	EXPECT(set_option(ks, IPPROTO_TCP, TCP_FASTOPEN, 1) == -EISCONN);
	EXPECT(set_option(ks, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1) == -EOPNOTSUPP);
	EXPECT(dialled(bound(), &local, 0) == -ECONNREFUSED);
}

static void clause_10(void)
{
	struct call *call = NULL;
	unsigned int i;

	/* The first brings the cookie, the second uses it, the third must not. */
	for (i = 0; i < 3; i++) {
		struct kconnect_socket *ks = bound();

		EXPECT(!set_option(ks, IPPROTO_TCP, TCP_FASTOPEN, i < 2));
		call = call_new(GFP_KERNEL);
		dial(ks, &echo_at, 100, call);
		EXPECT(!outcome(call));
		EXPECT(echoed(ks, 100));
		if (i != 1)
			continue;
		EXPECT(call->irp.result.syn_data == 100);
		EXPECT(call->irp.result.fast_open ==
		       KCONNECT_FAST_OPEN_DATA_ACKED);
	}
	EXPECT(!call->irp.result.syn_data);
	EXPECT(call->irp.result.fast_open == KCONNECT_FAST_OPEN_NOT_ASKED);
}

/* The calls that a driver makes in one go, made where nothing may sleep. */
struct burst {
	struct timer_list	timer;
	struct completion	done;
	spinlock_t		lock; /* only to be held */
	struct kconnect_socket	*socket;
	struct kconnect_option	option;
	struct call		*calls[5];
	bool			softirq;
};

static void burst_fire(struct burst *burst)
{
	struct sockaddr_storage any = { .ss_family = opened.family };
	unsigned long flags;

	spin_lock_irqsave(&burst->lock, flags);
	burst->socket = kconnect_socket(&opened, &burst->calls[0]->irp);
	kconnect_set_option(burst->socket, &burst->option,
			    &burst->calls[1]->irp);
	bind_to(burst->socket, &any, burst->calls[2]);
	dial(burst->socket, &echo_at, 100, burst->calls[3]);
	take(burst->socket, room, 100, burst->calls[4]);
	spin_unlock_irqrestore(&burst->lock, flags);
}

static void burst_timer(struct timer_list *timer)
{
	struct burst *burst = container_of(timer, struct burst, timer);

	burst->softirq = in_serving_softirq();
	burst_fire(burst);
	complete(&burst->done);
}

static void burst_run(bool softirq)
{
	static struct burst burst;
	static int on = 1;
	unsigned int i;
	struct call *end;
	int returned;

	spin_lock_init(&burst.lock);
	init_completion(&burst.done);
	burst.option = (struct kconnect_option) {
		IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on),
	};
	for (i = 0; i < ARRAY_SIZE(burst.calls); i++)
		burst.calls[i] = call_new(GFP_ATOMIC);
	memset(room, 0, 100);
	if (softirq) {
		timer_setup(&burst.timer, burst_timer, 0);
		mod_timer(&burst.timer, jiffies);
		wait_for_completion(&burst.done);
		timer_delete_sync(&burst.timer);
		EXPECT(burst.softirq);
	} else {
		burst_fire(&burst);
	}
	EXPECT(!IS_ERR(keep(burst.socket)));
	for (i = 0; i < ARRAY_SIZE(burst.calls); i++)
		EXPECT(!outcome(burst.calls[i]));
	EXPECT(!memcmp(room, data, 100));

	/* Neither do the cancel and the close sleep. */
	end = call_new(GFP_ATOMIC);
	forget(burst.socket);
	spin_lock_irq(&burst.lock);
	take(burst.socket, room, 1, burst.calls[0] = call_new(GFP_NOWAIT));
	kconnect_irp_cancel(&burst.calls[0]->irp);
	returned = kconnect_close(burst.socket, KCONNECT_DISPOSITION_GRACEFUL,
				  &end->irp);
	spin_unlock_irq(&burst.lock);
	EXPECT(returned == -EINPROGRESS);
	EXPECT(!outcome(end));
	EXPECT(outcome(burst.calls[0]) == -ECANCELED);
}

static void clause_11(void)
{
	burst_run(false);
	burst_run(true);
}

/* Each is called by the completion of the one before: connect, send, receive. */
static void chain_close(struct call *call)
{
	struct call *next = list_next_entry(call, node);

	kconnect_close(call->socket, KCONNECT_DISPOSITION_ABORTIVE, &next->irp);
}

static void chain_receive(struct call *call)
{
	struct call *next = list_next_entry(call, node);

	next->socket = call->socket;
	take(call->socket, room, 200, next);
}

static void chain_send(struct call *call)
{
	struct call *next = list_next_entry(call, node);

	next->socket = call->socket;
	kconnect_send(call->socket, &(struct kvec) { data + 100, 100 }, 0,
		      &next->irp);
}

static void clause_12(void)
{
	struct kconnect_socket *ks = bound();
	struct call *chain[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(chain); i++)
		chain[i] = call_new(GFP_ATOMIC);
	chain[0]->socket = ks;
	chain[0]->next = chain_send;
	chain[1]->next = chain_receive;
	chain[2]->next = chain_close;
	forget(ks);
	dial(ks, &echo_at, 100, chain[0]);
	for (i = 0; i < ARRAY_SIZE(chain); i++)
		EXPECT(!outcome(chain[i]));
	EXPECT(!memcmp(room, data, 200));
}

struct test clause_tests[] = {
	{ "1", clause_1 },
	{ "2", clause_2 },
	{ "3", clause_3 },
	{ "4", clause_4 },
	{ "5", clause_5 },
	{ "6", clause_6 },
	{ "7", clause_7 },
	{ "8", clause_8 },
	{ "9", clause_9 },
	{ "10", clause_10 },
	{ "11", clause_11 },
	{ "12", clause_12 },
	{}
};
