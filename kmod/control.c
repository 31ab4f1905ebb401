// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket options (WskControlSocket).
 *
 * Only options on this list can be set or got. Others would need a process
 * around them (pointers in their values, descriptors), would change what the
 * socket is, or would take it out of kconnect's hands.
 */
#include <linux/netdevice.h>
#include <net/ipv6.h>
#include <net/tcp.h>
#include "core.h"

static bool option_known(const struct kconnect_option *option)
{
	switch (option->level) {
	case SOL_SOCKET:
		switch (option->name) {
		case SO_BINDTODEVICE:
		case SO_KEEPALIVE:
		case SO_MARK:
		case SO_PRIORITY:
		case SO_RCVBUF:
		case SO_REUSEADDR:
		case SO_SNDBUF:
			return true;
		}
		return false;
	case IPPROTO_IP:
		switch (option->name) {
		case IP_FREEBIND:
		case IP_TOS:
		case IP_TRANSPARENT:
		case IP_TTL:
			return true;
		}
		return false;
	case IPPROTO_IPV6:
		switch (option->name) {
		case IPV6_TCLASS:
		case IPV6_UNICAST_HOPS:
		case IPV6_V6ONLY:
			return true;
		}
		return false;
	case IPPROTO_TCP:
		switch (option->name) {
		case TCP_CONGESTION:
		case TCP_FASTOPEN:
		case TCP_FASTOPEN_NO_COOKIE:
		case TCP_KEEPCNT:
		case TCP_KEEPIDLE:
		case TCP_KEEPINTVL:
		case TCP_MAXSEG:
		case TCP_NODELAY:
		case TCP_QUICKACK:
		case TCP_SYNCNT:
		case TCP_USER_TIMEOUT:
			return true;
		}
		return false;
	}
	return false;
}

static int option_set_fast_open(struct kconnect_socket *ks,
				const struct kconnect_option *option,
				const char **message)
{
	u32 on;

	if (ks->state != SOCKET_OPEN && ks->state != SOCKET_BOUND) {
		*message = "TCP_FASTOPEN is set before the connect";
		return -EISCONN;
	}
	if (option->len != sizeof(on)) {
		*message = "the value of TCP_FASTOPEN is a 32-bit 0 or 1";
		return -EINVAL;
	}
	memcpy(&on, option->value, sizeof(on));
	if (on > 1) {
		*message = "the value of TCP_FASTOPEN is a 32-bit 0 or 1";
		return -EINVAL;
	}
	ks->fast_open = on;
	return 0;
}

/**
 * socket_set_option - set an option of a socket that has been made
 * @ks: the socket
 * @option: the option
 * @message: words for what was wrong
 *
 * Context: process, mutex held.
 * Return: 0 or a negative errno.
 */
int socket_set_option(struct kconnect_socket *ks,
		      const struct kconnect_option *option,
		      const char **message)
{
	sockptr_t value = KERNEL_SOCKPTR(option->value);

	if (!option_known(option)) {
		*message = "the option cannot be set on a kernel-held socket";
		return -EOPNOTSUPP;
	}
	/* Here, not on TCP's socket: there it would be about listening. */
	if (option->level == IPPROTO_TCP && option->name == TCP_FASTOPEN)
		return option_set_fast_open(ks, option, message);
	if (option->level == SOL_SOCKET)
		return sock_setsockopt(ks->sock, option->level, option->name,
				       value, option->len);
	return ks->sock->ops->setsockopt(ks->sock, option->level, option->name,
					 value, option->len);
}

static bool option_get_socket(const struct sock *sk, int name, int *value)
{
	switch (name) {
	case SO_KEEPALIVE:
		*value = sock_flag(sk, SOCK_KEEPOPEN);
		return true;
	case SO_MARK:
		*value = READ_ONCE(sk->sk_mark);
		return true;
	case SO_PRIORITY:
		*value = READ_ONCE(sk->sk_priority);
		return true;
	case SO_RCVBUF:
		*value = READ_ONCE(sk->sk_rcvbuf);
		return true;
	case SO_REUSEADDR:
		*value = sk->sk_reuse;
		return true;
	case SO_SNDBUF:
		*value = READ_ONCE(sk->sk_sndbuf);
		return true;
	}
	return false;
}

static bool option_get_tcp(const struct kconnect_socket *ks,
			   const struct sock *sk, int name, int *value)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	switch (name) {
	case TCP_FASTOPEN:
		*value = ks->fast_open;
		return true;
	case TCP_FASTOPEN_NO_COOKIE:
		*value = tp->fastopen_no_cookie;
		return true;
	case TCP_KEEPCNT:
		*value = keepalive_probes(tp);
		return true;
	case TCP_KEEPIDLE:
		*value = keepalive_time_when(tp) / HZ;
		return true;
	case TCP_KEEPINTVL:
		*value = keepalive_intvl_when(tp) / HZ;
		return true;
	case TCP_MAXSEG:
		*value = tp->mss_cache;
		return true;
	case TCP_NODELAY:
		*value = !!(tp->nonagle & TCP_NAGLE_OFF);
		return true;
	case TCP_USER_TIMEOUT:
		*value = READ_ONCE(inet_csk(sk)->icsk_user_timeout);
		return true;
	}
	return false;
}

static int option_get_device(const struct sock *sk,
			     struct kconnect_option *option)
{
	char name[IFNAMSIZ] = "";
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(sock_net(sk),
				   READ_ONCE(sk->sk_bound_dev_if));
	if (dev)
		strscpy(name, dev->name, sizeof(name));
	rcu_read_unlock();
	option->len = min_t(unsigned int, option->len, strlen(name) + 1);
	memcpy(option->value, name, option->len);
	return 0;
}

/*
 * The kernel's own getsockopt() writes to a process only, in the kernels that
 * we build for, so this looks for itself.
 */
static int socket_get_option(struct kconnect_socket *ks,
			     struct kconnect_option *option,
			     const char **message)
{
	struct sock *sk = ks->sock->sk;
	bool known = false;
	int value;

	if (option->level == SOL_SOCKET && option->name == SO_BINDTODEVICE)
		return option_get_device(sk, option);
	if (option->level == SOL_SOCKET)
		known = option_get_socket(sk, option->name, &value);
	else if (option->level == IPPROTO_TCP)
		known = option_get_tcp(ks, sk, option->name, &value);
	if (!known) {
		*message = "the option cannot be read on a kernel-held socket";
		return -EOPNOTSUPP;
	}
	option->len = min_t(unsigned int, option->len, sizeof(value));
	memcpy(option->value, &value, option->len);
	return 0;
}

static int control_start(struct kconnect_socket *ks, struct kconnect_irp *irp)
{
	struct kconnect_option *option = irp->control.option;
	const char **message = &irp->result.message;

	if (!ks->sock)
		return irp_fail_dead(irp);
	return irp_settle(irp, irp->control.get ?
			  socket_get_option(ks, option, message) :
			  socket_set_option(ks, option, message));
}

static int control_submit(struct kconnect_socket *ks,
			  struct kconnect_option *option, bool get,
			  struct kconnect_irp *irp)
{
	irp->control.option = option;
	irp->control.get = get;
	return irp_submit(ks, irp, control_start);
}

/**
 * kconnect_set_option - set a socket option (WskControlSocket)
 * @ks: the socket
 * @option: the option; it and its value must stay until @irp completes
 * @irp: an initialised IRP
 *
 * TCP_FASTOPEN (an int, 0 or 1) has WSK's meaning here: the data of the
 * connect to come may travel in the SYN.
 *
 * Context: see the top of this header. What needs a capability is decided by
 * the credentials of the task that runs it, the caller if the IRP may sleep.
 * Return: 0, -EINPROGRESS, or what @irp completed with: -EOPNOTSUPP for an
 * option that cannot be set, -ESHUTDOWN, or what setsockopt() says.
 */
int kconnect_set_option(struct kconnect_socket *ks,
			struct kconnect_option *option,
			struct kconnect_irp *irp)
{
	return control_submit(ks, option, false, irp);
}
EXPORT_SYMBOL_GPL(kconnect_set_option);

/**
 * kconnect_get_option - get a socket option (WskControlSocket)
 * @ks: the socket
 * @option: the option, with room for its value; it must stay until @irp
 *	completes
 * @irp: an initialised IRP
 *
 * Context: see the top of this header.
 * Return: 0, -EINPROGRESS, or what @irp completed with: -EOPNOTSUPP,
 * -ESHUTDOWN.
 */
int kconnect_get_option(struct kconnect_socket *ks,
			struct kconnect_option *option,
			struct kconnect_irp *irp)
{
	return control_submit(ks, option, true, irp);
}
EXPORT_SYMBOL_GPL(kconnect_get_option);
