// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's requests: what each operation calls in the in-kernel API.
 */
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include "session.h"

void request_free(struct request *request)
{
	struct session *session = request->session;

	session_unreserve(session, 1);
	kvfree(request);
	session_put(session);
}

static void request_complete(struct kconnect_irp *irp)
{
	struct request *request = container_of(irp, struct request, irp);

	session_complete(request->session, request);
}

/* A refusal that the core does not get to see. */
static void request_refuse(struct request *request, int status,
			   const char *message)
{
	struct kconnect_result *result = &request->irp.result;

	result->submitted = ktime_get_ns();
	result->completed = result->submitted;
	result->status = status;
	result->message = message;
	request_complete(&request->irp);
}

/* Puts an empty place under the handle, or refuses the request. */
static struct session_socket *request_place(struct request *request)
{
	struct session *session = request->session;
	struct session_socket *socket;
	int err;

	if (session->socket_count == SESSION_SOCKETS_MAX) {
		request_refuse(request, -EDQUOT,
			       "the session has too many sockets");
		return NULL;
	}
	socket = kzalloc(sizeof(*socket), GFP_KERNEL_ACCOUNT);
	if (!socket) {
		request_refuse(request, -ENOMEM, NULL);
		return NULL;
	}
	err = xa_insert(&session->sockets, request->handle, socket,
			GFP_KERNEL_ACCOUNT);
	if (err) {
		kfree(socket);
		if (err == -EBUSY)
			request_refuse(request, -EEXIST,
				       "the socket handle is in use");
		else
			request_refuse(request, err, NULL);
		return NULL;
	}
	session->socket_count++;
	atomic_inc(&session->kn->socket_count);
	return socket;
}

/* Takes a socket from its handle; what becomes of it is the caller's. */
static struct kconnect_socket *session_unplace(struct session *session,
					       u32 handle)
{
	struct session_socket *socket = xa_erase(&session->sockets, handle);
	struct kconnect_socket *ks;

	if (!socket)
		return NULL;
	if (socket->opener)
		socket->opener->opened = NULL;
	session->socket_count--;
	atomic_dec(&session->kn->socket_count);
	ks = socket->ks;
	kfree(socket);
	return ks;
}

static bool request_half_open(const struct request *request)
{
	return request->disposition == KCONNECT_DISPOSITION_HALF_OPEN;
}

static void request_open(struct request *request)
{
	struct session_socket *socket = request_place(request);
	struct session *session = request->session;
	u32 handle = request->handle;
	struct kconnect_open open = {
		.net = session->net,
		.family = request->family,
		.protocol = request->protocol,
		.half_open = request_half_open(request),
	};
	struct kconnect_socket *ks;

	if (!socket)
		return;
	if (request->operation == KCONNECT_OPERATION_SOCKET) {
		ks = kconnect_socket(&open, &request->irp);
	} else {
		struct kvec *data = request->data.iov_len ? &request->data :
							    NULL;

		/* Not delivered, and so not gone, while the mutex is held. */
		request->opened = socket;
		socket->opener = request;
		ks = kconnect_socket_connect(&open, request->options,
					     request->n_options,
					     request->local,
					     request->local_len,
					     request->remote,
					     request->remote_len, data, 0,
					     &request->irp);
	}
	if (IS_ERR(ks))
		session_unplace(session, handle);
	else
		socket->ks = ks;
}

/* What needs a socket that is there. */
static void request_run_on(struct request *request, struct kconnect_socket *ks)
{
	struct kconnect_irp *irp = &request->irp;
	struct kvec *data = request->data.iov_len ? &request->data : NULL;

	switch (request->operation) {
	case KCONNECT_OPERATION_BIND:
		kconnect_bind(ks, request->local, request->local_len, 0, irp);
		break;
	case KCONNECT_OPERATION_SET_OPTION:
		kconnect_set_option(ks, request->options, irp);
		break;
	case KCONNECT_OPERATION_GET_OPTION:
		kconnect_get_option(ks, request->options, irp);
		break;
	case KCONNECT_OPERATION_CONNECT_EX:
		kconnect_connect_ex(ks, request->remote, request->remote_len,
				    data, 0, irp);
		break;
	case KCONNECT_OPERATION_CONNECT:
		kconnect_connect(ks, request->remote, request->remote_len, 0,
				 irp);
		break;
	case KCONNECT_OPERATION_SEND:
		kconnect_send(ks, data, request->flags, irp);
		break;
	case KCONNECT_OPERATION_RECEIVE:
		kconnect_receive(ks, data, request->flags, irp);
		break;
	case KCONNECT_OPERATION_DISCONNECT:
		kconnect_disconnect(ks, data, request->flags, irp);
		break;
	case KCONNECT_OPERATION_GET_LOCAL_ADDRESS:
		kconnect_get_local_address(ks, irp);
		break;
	case KCONNECT_OPERATION_GET_REMOTE_ADDRESS:
		kconnect_get_remote_address(ks, irp);
		break;
	case KCONNECT_OPERATION_CLOSE:
		session_unplace(request->session, request->handle);
		kconnect_irp_set_timeout(irp, 0);
		kconnect_close(ks, request->disposition, irp);
		break;
	}
}

/* Return: what the operation lacks, or has too much of, or NULL. */
static const char *request_lacks(const struct request *request)
{
	switch (request->operation) {
	case KCONNECT_OPERATION_BIND:
		return request->local ? NULL : "there is no local address";
	case KCONNECT_OPERATION_SET_OPTION:
	case KCONNECT_OPERATION_GET_OPTION:
		return request->n_options == 1 ? NULL :
		       "there must be exactly one option";
	case KCONNECT_OPERATION_CONNECT:
		if (request->data.iov_len)
			return "connect carries no data; connect-ex does";
		fallthrough;
	case KCONNECT_OPERATION_CONNECT_EX:
	case KCONNECT_OPERATION_SOCKET_CONNECT:
		return request->n_remotes ? NULL :
		       "there is no remote address";
	case KCONNECT_OPERATION_SOCKET:
	case KCONNECT_OPERATION_CLOSE:
		return request_half_open(request) ?
		       "half-open is for socket-connect only" : NULL;
	}
	return NULL;
}

/* For the others WSK's flags are reserved. */
static bool request_has_flags(const struct request *request)
{
	return request->operation == KCONNECT_OPERATION_SEND ||
	       request->operation == KCONNECT_OPERATION_RECEIVE ||
	       request->operation == KCONNECT_OPERATION_DISCONNECT;
}

/**
 * request_run - run a request
 * @request: a request whose session's mutex is held. It completes exactly
 *	once, and is delivered no sooner than the mutex is let go
 *
 * Context: process, in the caller's own context.
 */
void request_run(struct request *request)
{
	struct session_socket *socket;
	const char *lacks;

	session_pend(request->session, request);
	/* There may be thousands behind it. */
	if (fatal_signal_pending(current))
		return request_refuse(request, -EINTR, "the caller was killed");
	if (request->operation > KCONNECT_OPERATION_GET_REMOTE_ADDRESS ||
	    !request->operation)
		return request_refuse(request, -EOPNOTSUPP,
				      "the operation is unknown");
	if (request->flags && !request_has_flags(request))
		return request_refuse(request, -EINVAL,
				      "flags are reserved and must be zero");
	if (request->n_remotes > 1)
		return request_refuse(request, -EOPNOTSUPP,
				      "there is more than one remote address");
	if (!request->handle)
		return request_refuse(request, -EINVAL,
				      "0 is not a socket handle");
	lacks = request_lacks(request);
	if (lacks)
		return request_refuse(request, -EINVAL, lacks);
	if (request->operation == KCONNECT_OPERATION_SOCKET ||
	    request->operation == KCONNECT_OPERATION_SOCKET_CONNECT)
		return request_open(request);
	socket = xa_load(&request->session->sockets, request->handle);
	if (!socket)
		return request_refuse(request, -ENOENT,
				      "there is no socket with this handle");
	request_run_on(request, socket->ks);
}

static void socket_closed(struct kconnect_irp *irp)
{
}

/**
 * socket_close_now - close a socket, abortively and without a request
 * @session: the session, mutex held
 * @handle: the socket's handle
 */
void socket_close_now(struct session *session, u32 handle)
{
	struct kconnect_socket *ks = session_unplace(session, handle);
	struct kconnect_irp irp;

	/* It may sleep, so the IRP has completed when the call returns. */
	kconnect_irp_init(&irp, socket_closed, GFP_KERNEL);
	kconnect_close(ks, KCONNECT_DISPOSITION_ABORTIVE, &irp);
}

/**
 * socket_export - make a file of a connected socket, and free its handle
 * @session: the session, mutex held
 * @handle: the socket's handle
 *
 * Return: the file, or an ERR_PTR(): -ENOENT, what kconnect_detach() returns,
 * and the socket is as before, or -ENOMEM, and it is gone.
 */
struct file *socket_export(struct session *session, u32 handle)
{
	struct session_socket *socket = xa_load(&session->sockets, handle);
	struct socket *sock;

	if (!socket)
		return ERR_PTR(-ENOENT);
	sock = kconnect_detach(socket->ks);
	if (IS_ERR(sock))
		return ERR_CAST(sock);
	session_unplace(session, handle);
	return sock_alloc_file(sock, 0, NULL);
}

/**
 * request_settle - do what is due before a completion is delivered
 * @request: a request that has completed, session's mutex held
 *
 * A socket-connect that failed leaves no socket behind, nor does a probe.
 */
void request_settle(struct request *request)
{
	struct session_socket *socket = request->opened;

	if (!socket)
		return;
	request->opened = NULL;
	socket->opener = NULL;
	if (request->irp.result.status || request_half_open(request))
		socket_close_now(request->session, request->handle);
}

/**
 * request_new - make a request
 * @session: whose; the request takes a reference, and the caller has made room
 *	with session_reserve()
 * @n_options: how many options it has room for
 * @bytes: how much room follows them, for their values and the data
 * @timeout: nanoseconds, 0 for none
 *
 * Return: the request, or NULL for want of memory.
 */
struct request *request_new(struct session *session, unsigned int n_options,
			    size_t bytes, u64 timeout)
{
	struct request *request;

	request = kvzalloc(size_add(struct_size(request, options, n_options),
				    bytes), GFP_KERNEL_ACCOUNT);
	if (!request)
		return NULL;
	refcount_inc(&session->ref);
	request->session = session;
	kconnect_irp_init(&request->irp, request_complete, GFP_KERNEL);
	kconnect_irp_set_timeout(&request->irp, timeout);
	return request;
}
