/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The in-kernel API of kconnect: TCP connections that open without a thread
 * waiting for them, with the first data on board.
 *
 * The calls are those of the Winsock Kernel (WSK), in Linux' own terms. Each
 * takes an IRP: a request that the caller allocates and that completes exactly
 * once, whatever the call returned.
 *
 * Contexts. A call whose IRP was initialised with GFP_KERNEL may sleep, and
 * what does not have to wait for the network has happened when it returns. A
 * call whose IRP was initialised with GFP_ATOMIC never sleeps and may be made
 * in softirq or under a spinlock; its work is queued. The calls on one socket
 * take effect in the order in which they were made, so a chain of them needs
 * no waiting in between: make the socket, set an option, bind and connect.
 *
 * Return values. 0 and any error but -EINPROGRESS mean that the IRP has
 * completed, with that status, before the call returned. -EINPROGRESS means
 * that it completes later, or just has on another processor.
 *
 * Completions may run in atomic context, and under locks of kconnect's own.
 * They may make new calls with GFP_ATOMIC IRPs, and must not wait for them.
 * They run in an RCU read-side section: a module all of whose IRPs have
 * completed calls synchronize_rcu() before it goes, so that the last of its
 * completions has returned.
 */
#ifndef _LINUX_KCONNECT_H
#define _LINUX_KCONNECT_H

#include <linux/hrtimer.h>
#include <linux/in6.h>
#include <linux/in.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include <uapi/linux/kconnect.h>

struct kconnect_irp;
struct kconnect_socket;

typedef void (*kconnect_complete_t)(struct kconnect_irp *irp);

/**
 * union kconnect_address - an address of one of the families kconnect knows
 * @sa: for sa_family, which is 0 where there is no address
 * @in: AF_INET
 * @in6: AF_INET6
 */
union kconnect_address {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

/**
 * struct kconnect_option - a socket option
 * @level: as for setsockopt()
 * @name: as for setsockopt()
 * @value: what to set; for a get, where the value goes
 * @len: bytes at @value; after a get, how many of them are the value
 */
struct kconnect_option {
	int		level;
	int		name;
	void		*value;
	unsigned int	len;
};

/**
 * struct kconnect_open - what kind of socket to make
 * @net: the namespace; the socket holds a reference to it until it is closed
 * @family: AF_INET or AF_INET6
 * @protocol: IPPROTO_TCP, or 0 for the same
 * @half_open: for kconnect_socket_connect() without data, a probe: as soon as
 *	the peer has accepted, the connection ends with a RST in place of the
 *	last part of the handshake
 */
struct kconnect_open {
	struct net	*net;
	int		family;
	int		protocol;
	bool		half_open;
};

/**
 * struct kconnect_result - how a request went
 * @status: 0 or a negative errno
 * @information: bytes taken for sending, or received
 * @message: a constant string that says what was wrong with the request, or
 *	NULL
 * @tried: a connection was tried, so @fast_open means something
 * @fast_open: what became of fast open
 * @fast_open_reason: why it did less than was asked
 * @syn_data: bytes of the data that were in the first SYN
 * @rtt_us: TCP's smoothed round trip time, in microseconds; 0 if unknown
 * @submitted: when the call was made (this and the next: nanoseconds of
 *	CLOCK_MONOTONIC, 0 if it never came to that)
 * @syn_sent: when the connect was handed to TCP
 * @established: when the handshake was done
 * @sent: when TCP had taken all of the data
 * @completed: when the request completed
 * @local: the local address in use
 * @remote: the remote address in use
 */
struct kconnect_result {
	int			status;
	u32			information;
	const char		*message;
	bool			tried;
	u8			fast_open;
	u8			fast_open_reason;
	u32			syn_data;
	u32			rtt_us;
	u64			submitted;
	u64			syn_sent;
	u64			established;
	u64			sent;
	u64			completed;
	union kconnect_address	local;
	union kconnect_address	remote;
};

/**
 * struct kconnect_irp - one asynchronous request
 * @complete: called once, when the request has completed; from then on the
 *	IRP and its buffers are the caller's again
 * @result: how it went; the caller's to read from @complete on
 *
 * Allocated by the caller and initialised with kconnect_irp_init(). The other
 * members are kconnect's own.
 */
struct kconnect_irp {
	kconnect_complete_t	complete;
	struct kconnect_result	result;

	/* private: */
	atomic_t		state;
	gfp_t			gfp;
	struct list_head	node;
	struct kconnect_socket	*socket;
	int			(*start)(struct kconnect_socket *ks,
					 struct kconnect_irp *irp);
	struct hrtimer		timer;
	u64			timeout;
	bool			timed;
	union {
		struct {
			union kconnect_address	local;
			union kconnect_address	remote;
			struct kconnect_option	*options;
			unsigned int		n_options;
			struct kvec		buffer;
			size_t			taken;
		} connect;
		struct {
			struct kconnect_option	*option;
			bool			get;
		} control;
		struct {
			struct kvec		buffer;
			size_t			done;
			u32			flags;
			bool			disconnect;
			bool			shut;
		} transfer;
		struct kconnect_open	open;
		union kconnect_address	address;
		u8			disposition;
	};
};

/**
 * struct kconnect_path - a path that has swallowed fast open
 * @source: where from, as bound: the wildcard where routing chooses
 * @destination: where to
 * @losses: SYNs lost in a row
 * @backoffs: how often fast open has been left out for a while
 * @retry_in: nanoseconds until it is tried again; 0 if it is not left out
 */
struct kconnect_path {
	union kconnect_address	source;
	union kconnect_address	destination;
	unsigned int		losses;
	unsigned int		backoffs;
	u64			retry_in;
};

void kconnect_irp_init(struct kconnect_irp *irp, kconnect_complete_t complete,
		       gfp_t gfp);
void kconnect_irp_set_timeout(struct kconnect_irp *irp, u64 timeout_ns);
bool kconnect_irp_cancel(struct kconnect_irp *irp);

struct kconnect_socket *kconnect_socket(const struct kconnect_open *open,
					struct kconnect_irp *irp);
struct kconnect_socket *
kconnect_socket_connect(const struct kconnect_open *open,
			struct kconnect_option *options, unsigned int n_options,
			const void *local, int local_len,
			const void *remote, int remote_len,
			const struct kvec *buffer, u32 flags,
			struct kconnect_irp *irp);
int kconnect_bind(struct kconnect_socket *ks, const void *local, int local_len,
		  u32 flags, struct kconnect_irp *irp);
int kconnect_set_option(struct kconnect_socket *ks,
			struct kconnect_option *option,
			struct kconnect_irp *irp);
int kconnect_get_option(struct kconnect_socket *ks,
			struct kconnect_option *option,
			struct kconnect_irp *irp);
int kconnect_connect_ex(struct kconnect_socket *ks,
			const void *remote, int remote_len,
			const struct kvec *buffer, u32 flags,
			struct kconnect_irp *irp);
int kconnect_connect(struct kconnect_socket *ks, const void *remote,
		     int remote_len, u32 flags, struct kconnect_irp *irp);
int kconnect_get_local_address(struct kconnect_socket *ks,
			       struct kconnect_irp *irp);
int kconnect_get_remote_address(struct kconnect_socket *ks,
				struct kconnect_irp *irp);
int kconnect_send(struct kconnect_socket *ks, const struct kvec *buffer,
		  u32 flags, struct kconnect_irp *irp);
int kconnect_receive(struct kconnect_socket *ks, const struct kvec *buffer,
		     u32 flags, struct kconnect_irp *irp);
int kconnect_disconnect(struct kconnect_socket *ks, const struct kvec *buffer,
			u32 flags, struct kconnect_irp *irp);
int kconnect_close(struct kconnect_socket *ks,
		   enum kconnect_disposition disposition,
		   struct kconnect_irp *irp);
struct socket *kconnect_detach(struct kconnect_socket *ks);

bool kconnect_path_get(struct net *net, unsigned int index,
		       struct kconnect_path *info);
unsigned int kconnect_path_clear(struct net *net,
				 const union kconnect_address *remote);

#endif /* _LINUX_KCONNECT_H */
