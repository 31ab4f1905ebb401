// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request's life: idle, pending, claimed, finished.
 *
 * Success, failure, deadline, cancel and close race to claim an IRP, and the
 * one that does decides its status. Finishing it is another matter: whoever
 * takes it off its socket's lists does that, after the attempt itself has
 * ended, so that nothing leaves the machine for a request that is complete.
 */
#include "compat.h"
#include "core.h"

/* In irp->state: one of these, or the status (0 or less) it was claimed with */
enum {
	IRP_PENDING	= 1,
	IRP_IDLE	= 2,
};

/**
 * kconnect_irp_init - make an IRP ready for a call
 * @irp: the IRP; its memory is the caller's and must stay until it completes
 * @complete: called exactly once for each call, possibly in atomic context and
 *	possibly before the call returns
 * @gfp: GFP_KERNEL if the call is made where it may sleep, else GFP_ATOMIC
 *
 * An IRP that has completed may be initialised and used again.
 *
 * Context: any.
 */
void kconnect_irp_init(struct kconnect_irp *irp, kconnect_complete_t complete,
		       gfp_t gfp)
{
	memset(irp, 0, sizeof(*irp));
	irp->complete = complete;
	irp->gfp = gfp;
	INIT_LIST_HEAD(&irp->node);
	atomic_set(&irp->state, IRP_IDLE);
}
EXPORT_SYMBOL_GPL(kconnect_irp_init);

/**
 * kconnect_irp_set_timeout - give an IRP a deadline
 * @irp: an initialised IRP that is in no call
 * @timeout_ns: nanoseconds from the call on, at most %KCONNECT_TIMEOUT_MAX; 0
 *	for no deadline
 *
 * At its deadline the request itself ends, not only the waiting for it, and
 * completes with -ETIMEDOUT.
 *
 * Context: any.
 */
void kconnect_irp_set_timeout(struct kconnect_irp *irp, u64 timeout_ns)
{
	irp->timeout = min_t(u64, timeout_ns, KCONNECT_TIMEOUT_MAX);
}
EXPORT_SYMBOL_GPL(kconnect_irp_set_timeout);

bool irp_claim(struct kconnect_irp *irp, int status)
{
	return atomic_cmpxchg(&irp->state, IRP_PENDING, status) == IRP_PENDING;
}

bool irp_claimed(const struct kconnect_irp *irp)
{
	return atomic_read(&irp->state) <= 0;
}

bool irp_may_sleep(const struct kconnect_irp *irp)
{
	return gfpflags_allow_blocking(irp->gfp);
}

/* A cancel or a deadline, for the socket's work to finish. */
static bool irp_call_off(struct kconnect_socket *ks, struct kconnect_irp *irp,
			 int status)
{
	if (!irp_claim(irp, status))
		return false;
	WRITE_ONCE(ks->called_off, true);
	socket_kick(ks);
	return true;
}

/* Return: the status that a claimed IRP was claimed with. */
int irp_status(const struct kconnect_irp *irp)
{
	return atomic_read(&irp->state);
}

/**
 * kconnect_irp_cancel - ask for a request to end
 * @irp: an IRP that was passed to a call. The caller sees to it that its
 *	memory stays for the length of this call
 *
 * The request still completes exactly once: with -ECANCELED if this came
 * first (IoCancelIrp), otherwise with what did.
 *
 * Context: any. The completion does not run inside.
 * Return: true if this came first.
 */
bool kconnect_irp_cancel(struct kconnect_irp *irp)
{
	struct kconnect_socket *ks;
	bool first = false;

	/*
	 * The one who completes the IRP drops its reference to the socket, and
	 * may do so while we look at it.
	 */
	rcu_read_lock();
	ks = READ_ONCE(irp->socket);
	if (ks && socket_get_unless_zero(ks)) {
		first = irp_call_off(ks, irp, -ECANCELED);
		socket_put(ks);
	}
	rcu_read_unlock();
	return first;
}
EXPORT_SYMBOL_GPL(kconnect_irp_cancel);

static enum hrtimer_restart irp_deadline(struct hrtimer *timer)
{
	struct kconnect_irp *irp = container_of(timer, struct kconnect_irp,
						timer);

	/* irp_finish() waits for us, so neither of the two can go away. */
	irp_call_off(irp->socket, irp, -ETIMEDOUT);
	return HRTIMER_NORESTART;
}

/**
 * irp_arm - start the clock of an IRP that is going to wait
 * @irp: an IRP that is pending and that nobody else can complete yet
 *
 * Most requests that finish at once never get here, and need no timer.
 *
 * Context: any; may be under kconnect_socket.lock.
 */
void irp_arm(struct kconnect_irp *irp)
{
	if (!irp->timeout || irp->timed)
		return;
	irp->timed = true;
	hrtimer_setup(&irp->timer, irp_deadline, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
	hrtimer_start(&irp->timer,
		      ns_to_ktime(irp->result.submitted + irp->timeout),
		      HRTIMER_MODE_ABS_SOFT);
}

/**
 * irp_finish - complete an IRP that has been claimed
 * @irp: an IRP that is on no list any more
 *
 * Context: any, but not under a kconnect_socket.lock.
 */
void irp_finish(struct kconnect_irp *irp)
{
	struct kconnect_socket *ks = irp->socket;

	/* Takes no lock that irp_deadline() could wait for. */
	if (irp->timed)
		hrtimer_cancel(&irp->timer);
	irp->result.status = irp_status(irp);
	irp->result.completed = ktime_get_ns();
	WRITE_ONCE(irp->socket, NULL);
	/* Whose code this is can wait for it to have returned. */
	rcu_read_lock();
	irp->complete(irp);
	rcu_read_unlock();
	socket_put(ks);
}

/**
 * irp_complete - claim and finish an IRP that is on no list
 * @irp: the IRP
 * @status: 0 or a negative errno; what came first stays
 *
 * Return: the status it completed with.
 */
int irp_complete(struct kconnect_irp *irp, int status)
{
	if (!irp_claim(irp, status))
		status = irp_status(irp);
	irp_finish(irp);
	return status;
}

/**
 * irp_settle - finish an IRP with this status, whatever came first
 * @irp: an IRP that is on no list and that only the caller can finish
 * @status: 0 or a negative errno
 *
 * For a request that has had its effect: data that was received goes to the
 * caller even if a cancel came in between.
 *
 * Return: @status.
 */
int irp_settle(struct kconnect_irp *irp, int status)
{
	atomic_set(&irp->state, status);
	irp_finish(irp);
	return status;
}

/**
 * irp_fail - complete an IRP with an error and the words for it
 * @irp: an IRP that is on no list
 * @status: a negative errno
 * @message: what was wrong, a constant string
 *
 * Return: the status it completed with.
 */
int irp_fail(struct kconnect_irp *irp, int status, const char *message)
{
	irp->result.message = message;
	return irp_complete(irp, status);
}

/**
 * irp_fail_dead - complete an IRP of a socket that is only to be closed
 * @irp: an IRP that is on no list
 *
 * Return: the status it completed with.
 */
int irp_fail_dead(struct kconnect_irp *irp)
{
	return irp_fail(irp, -ESHUTDOWN, "the socket is dead; close it");
}

/**
 * irp_refuse - complete an IRP that never got as far as a socket
 * @irp: an initialised IRP
 * @status: a negative errno
 * @message: what was wrong, a constant string
 *
 * Return: @status.
 */
int irp_refuse(struct kconnect_irp *irp, int status, const char *message)
{
	irp->result.submitted = ktime_get_ns();
	irp->result.completed = irp->result.submitted;
	irp->result.status = status;
	irp->result.message = message;
	irp->complete(irp);
	return status;
}

/**
 * irp_submit - hand an IRP to its socket
 * @ks: the socket; the IRP takes a reference
 * @irp: an initialised IRP
 * @start: begins the operation, in process context with the socket's mutex
 *	held. It completes @irp and returns its status, or leaves it pending and
 *	returns -EINPROGRESS
 *
 * Return: the status if the IRP completed in here, -EINPROGRESS otherwise.
 */
int irp_submit(struct kconnect_socket *ks, struct kconnect_irp *irp,
	       int (*start)(struct kconnect_socket *ks,
			    struct kconnect_irp *irp))
{
	bool may_sleep = irp_may_sleep(irp);
	unsigned long flags;
	int status = -EINPROGRESS;

	/* One for the IRP, one for us: the IRP may be run by somebody else. */
	refcount_add(2, &ks->ref);
	irp->start = start;
	irp->result.submitted = ktime_get_ns();
	atomic_set(&irp->state, IRP_PENDING);
	/* A cancel that sees the socket sees all of the above. */
	smp_store_release(&irp->socket, ks);

	spin_lock_irqsave(&ks->lock, flags);
	if (!may_sleep)
		irp_arm(irp);
	list_add_tail(&irp->node, &ks->queue);
	spin_unlock_irqrestore(&ks->lock, flags);

	if (may_sleep)
		status = socket_run(ks, irp);
	else
		socket_kick(ks);
	socket_put(ks);
	return status;
}
