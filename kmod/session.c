// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's life: made by its first submit, ended with its netlink socket,
 * or with the module. In between it knows its sockets by their handles and
 * keeps every completion until it has been delivered.
 */
#include "session.h"

#define RETRY_MEMORY	(HZ / 50 + 1)
#define RETRY_OVERRUN	(3 * HZ)

static struct workqueue_struct *session_wq;

void session_put(struct session *session)
{
	if (!refcount_dec_and_test(&session->ref))
		return;
	xa_destroy(&session->sockets);
	atomic_dec(&session->kn->session_count);
	put_net(session->net);
	kfree_rcu(session, rcu);
}

/* Discards what nobody can be told any more. */
static void session_discard(struct session *session)
{
	struct request *request, *next;
	LIST_HEAD(done);

	session_take(session, &done);
	list_for_each_entry_safe(request, next, &done, list)
		request_free(request);
}

/*
 * Closing the sockets completes their requests, so none is pending after it.
 * @owner_lives: the module is being unloaded under a netlink socket that is
 * still there to be told.
 */
static void session_end(struct session *session, bool owner_lives)
{
	struct session_socket *socket;
	unsigned long handle;

	mutex_lock(&session->mutex);
	xa_for_each(&session->sockets, handle, socket)
		socket_close_now(session, handle);
	if (owner_lives)
		netlink_deliver(session);
	session_discard(session);
	mutex_unlock(&session->mutex);
	/* A retry would have nothing to do. */
	if (cancel_delayed_work(&session->deliver))
		session_put(session); /* the work's */
	session_put(session); /* the owner's */
}

static void session_end_work(struct work_struct *work)
{
	session_end(container_of(work, struct session, end), false);
}

static void session_deliver_work(struct work_struct *work)
{
	struct session *session = container_of(to_delayed_work(work),
					       struct session, deliver);

	mutex_lock(&session->mutex);
	spin_lock_bh(&session->lock);
	session->overrun &= !session->retry;
	session->retry = false;
	spin_unlock_bh(&session->lock);
	netlink_deliver(session);
	mutex_unlock(&session->mutex);
	session_put(session);
}

/* Under session->lock. */
static void session_deliver_soon(struct session *session)
{
	if (session->busy || session->overrun)
		return;
	refcount_inc(&session->ref);
	/* A retry may be pending, for later. */
	if (mod_delayed_work(session_wq, &session->deliver, 0))
		refcount_dec(&session->ref); /* the work has one already */
}

/* Under session->lock. */
static void session_deliver_later(struct session *session, unsigned long delay)
{
	session->retry = true;
	refcount_inc(&session->ref);
	if (!queue_delayed_work(session_wq, &session->deliver, delay))
		refcount_dec(&session->ref); /* the work has one already */
}

/**
 * session_find - find the session of a netlink socket
 * @net: its namespace
 * @portid: its port id
 * @owner: the netlink socket
 *
 * Return: the session, with a reference for the caller, or NULL.
 */
struct session *session_find(struct net *net, u32 portid,
			     const struct sock *owner)
{
	struct session *session;

	rcu_read_lock();
	session = xa_load(&kconnect_net(net)->sessions, portid);
	if (session && (session->owner != owner ||
			!refcount_inc_not_zero(&session->ref)))
		session = NULL;
	rcu_read_unlock();
	return session;
}

static struct session *session_make(struct net *net, u32 portid,
				    const struct sock *owner)
{
	struct session *session;
	int err;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return ERR_PTR(-ENOMEM);
	refcount_set(&session->ref, 2); /* the owner's and the caller's */
	session->net = get_net(net);
	session->kn = kconnect_net(net);
	session->portid = portid;
	session->owner = owner;
	mutex_init(&session->mutex);
	xa_init(&session->sockets);
	spin_lock_init(&session->lock);
	hash_init(session->pending);
	INIT_LIST_HEAD(&session->done);
	INIT_DELAYED_WORK(&session->deliver, session_deliver_work);
	INIT_WORK(&session->end, session_end_work);
	atomic_inc(&session->kn->session_count);
	err = xa_insert(&session->kn->sessions, portid, session,
			GFP_KERNEL_ACCOUNT);
	if (err) {
		refcount_set(&session->ref, 1);
		session_put(session);
		return ERR_PTR(err == -EBUSY ? -EAGAIN : err);
	}
	return session;
}

/**
 * session_find_or_make - find the session of a netlink socket, or make it
 * @net: its namespace
 * @portid: its port id
 * @owner: the netlink socket
 *
 * Context: process, called for a message of that netlink socket, which
 * therefore does not close meanwhile.
 * Return: the session, with a reference for the caller; an ERR_PTR() with
 * -ENOMEM, or -EAGAIN if the port id's former owner is still being closed.
 */
struct session *session_find_or_make(struct net *net, u32 portid,
				     const struct sock *owner)
{
	struct kconnect_net *kn = kconnect_net(net);
	struct session *session;

	session = session_find(net, portid, owner);
	if (session)
		return session;
	mutex_lock(&kn->mutex);
	session = session_find(net, portid, owner);
	if (!session)
		session = session_make(net, portid, owner);
	mutex_unlock(&kn->mutex);
	return session;
}

/**
 * session_release - a netlink socket has closed
 * @net: its namespace
 * @portid: its port id
 *
 * Context: any.
 */
void session_release(struct net *net, u32 portid)
{
	struct session *session;

	session = xa_erase(&kconnect_net(net)->sessions, portid);
	if (!session)
		return;
	/* The port id may have a new owner, who is not to be told. */
	WRITE_ONCE(session->closed, true);
	queue_work(session_wq, &session->end);
}

/**
 * session_end_all - end every session of a namespace
 * @kn: the namespace, which gets no new ones
 */
void session_end_all(struct kconnect_net *kn)
{
	struct session *session;
	unsigned long portid;

	xa_for_each(&kn->sessions, portid, session)
		if (xa_erase(&kn->sessions, portid) == session)
			session_end(session, true);
}

/**
 * session_reserve - make room for requests
 * @session: the session
 * @n: how many
 *
 * Return: false if they would be more than a session may have.
 */
bool session_reserve(struct session *session, unsigned int n)
{
	bool room;

	spin_lock_bh(&session->lock);
	room = n <= SESSION_OUTSTANDING_MAX - session->outstanding;
	if (room)
		session->outstanding += n;
	spin_unlock_bh(&session->lock);
	return room;
}

/**
 * session_unreserve - give room back
 * @session: the session
 * @n: how many requests are gone
 */
void session_unreserve(struct session *session, unsigned int n)
{
	spin_lock_bh(&session->lock);
	session->outstanding -= n;
	spin_unlock_bh(&session->lock);
}

/**
 * session_submit_begin - keep completions together until the submit's end
 * @session: the session, mutex held
 */
void session_submit_begin(struct session *session)
{
	spin_lock_bh(&session->lock);
	session->busy = true;
	spin_unlock_bh(&session->lock);
}

/**
 * session_submit_end - the submit is over and has delivered what it could
 * @session: the session, mutex held
 */
void session_submit_end(struct session *session)
{
	spin_lock_bh(&session->lock);
	session->busy = false;
	if (!list_empty(&session->done))
		session_deliver_soon(session);
	spin_unlock_bh(&session->lock);
}

/**
 * session_pend - a request is about to be run
 * @session: the session
 * @request: the request; cancels find it from now on
 */
void session_pend(struct session *session, struct request *request)
{
	atomic64_inc(&session->kn->submitted);
	spin_lock_bh(&session->lock);
	hash_add(session->pending, &request->hash, request->cookie);
	spin_unlock_bh(&session->lock);
}

/**
 * session_complete - a request has completed
 * @session: the session
 * @request: the request, which the session keeps until it has delivered it
 *
 * Context: any but hard interrupts.
 */
void session_complete(struct session *session, struct request *request)
{
	atomic64_inc(&session->kn->completed);
	spin_lock_bh(&session->lock);
	hash_del(&request->hash);
	list_add_tail(&request->list, &session->done);
	session_deliver_soon(session);
	spin_unlock_bh(&session->lock);
}

/**
 * session_cancel_cookie - tell the pending requests with a cookie to end
 * @session: the session
 * @cookie: their cookie
 *
 * Return: how many were told.
 */
unsigned int session_cancel_cookie(struct session *session, u64 cookie)
{
	struct request *request;
	unsigned int count = 0;

	/* The lock keeps them from completing, and so from going away. */
	spin_lock_bh(&session->lock);
	hash_for_each_possible(session->pending, request, hash, cookie)
		if (request->cookie == cookie)
			count += kconnect_irp_cancel(&request->irp);
	spin_unlock_bh(&session->lock);
	return count;
}

/**
 * session_cancel - tell pending requests to end
 * @session: the session
 * @match: which
 * @key: for @match
 *
 * Return: how many were told.
 */
unsigned int session_cancel(struct session *session,
			    bool (*match)(const struct request *request,
					  u64 key), u64 key)
{
	struct request *request;
	unsigned int count = 0;
	unsigned int bucket;

	for (bucket = 0; bucket < HASH_SIZE(session->pending); bucket++) {
		spin_lock_bh(&session->lock);
		hlist_for_each_entry(request, &session->pending[bucket], hash)
			if (match(request, key))
				count += kconnect_irp_cancel(&request->irp);
		spin_unlock_bh(&session->lock);
		cond_resched();
	}
	return count;
}

/**
 * session_take - take the completions that wait for delivery
 * @session: the session, mutex held
 * @to: an empty list
 */
void session_take(struct session *session, struct list_head *to)
{
	spin_lock_bh(&session->lock);
	list_splice_init(&session->done, to);
	spin_unlock_bh(&session->lock);
}

static void session_give_back(struct session *session, struct list_head *from)
{
	lockdep_assert_held(&session->lock);
	list_splice(from, &session->done);
}

/**
 * session_hold - keep completions for the next part of a dump
 * @session: the session, mutex held
 * @from: the first of the queue, in order
 */
void session_hold(struct session *session, struct list_head *from)
{
	spin_lock_bh(&session->lock);
	session_give_back(session, from);
	session->overrun = true;
	spin_unlock_bh(&session->lock);
}

/**
 * session_postpone - there was no memory to deliver completions; try again soon
 * @session: the session, mutex held
 * @from: the first of the queue, in order
 */
void session_postpone(struct session *session, struct list_head *from)
{
	spin_lock_bh(&session->lock);
	session_give_back(session, from);
	session_deliver_later(session, RETRY_MEMORY);
	spin_unlock_bh(&session->lock);
}

/**
 * session_overrun - the owner's receive buffer was full
 * @session: the session, mutex held
 * @from: the first of the queue, in order
 *
 * Netlink tells the owner so, who reaps. But it does not tell a second time
 * before the buffer has been empty, other messages than ours fill the buffer,
 * too, and some owners do not want to be told: so this tries again, slowly.
 */
void session_overrun(struct session *session, struct list_head *from)
{
	spin_lock_bh(&session->lock);
	session_give_back(session, from);
	session->overrun = true;
	session_deliver_later(session, RETRY_OVERRUN);
	spin_unlock_bh(&session->lock);
}

/**
 * session_resume - send again as completions come
 * @session: the session, mutex held, whose owner has reaped
 *
 * Return: true if it had reaped all.
 */
bool session_resume(struct session *session)
{
	bool empty;

	spin_lock_bh(&session->lock);
	empty = list_empty(&session->done);
	if (empty)
		session->overrun = false;
	spin_unlock_bh(&session->lock);
	return empty;
}

/**
 * session_outstanding - count requests without a delivered completion
 * @kn: the namespace
 *
 * Return: how many there are in its sessions.
 */
u64 session_outstanding(struct kconnect_net *kn)
{
	struct session *session;
	unsigned long portid;
	u64 sum = 0;

	rcu_read_lock();
	xa_for_each(&kn->sessions, portid, session)
		sum += READ_ONCE(session->outstanding);
	rcu_read_unlock();
	return sum;
}

/**
 * session_flush - wait until all that has been begun is done
 */
void session_flush(void)
{
	flush_workqueue(session_wq);
}

int session_init(void)
{
	session_wq = alloc_workqueue("kconnect_session", WQ_UNBOUND, 0);
	return session_wq ? 0 : -ENOMEM;
}

void session_exit(void)
{
	destroy_workqueue(session_wq);
}
