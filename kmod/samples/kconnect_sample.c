// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver does with kconnect: hold one connection to a server, ask it
 * something, take what it answers, and come back when it goes away.
 *
 *	modprobe kconnect_sample address=192.0.2.1 port=80 request=hello
 *	cat /sys/kernel/debug/kconnect_sample/status
 *
 * Nothing here waits and nothing has a thread. A timer opens the connection,
 * in softirq, so every IRP is a GFP_ATOMIC one; completions do the rest:
 *
 *	timer ──► socket-connect ──► connected(): counts, no more
 *	  ▲   └──► receive ──► received(): data? receive again
 *	  │                         │ the end, an error, or no connection
 *	  └── closed() ◄── close ◄──┘
 *
 * The receive is asked for without waiting for the connect: it waits by itself,
 * and fails if the connect does. So there is one place that sees a connection
 * end, however it ends. The close is its last request: when that completes no
 * IRP of the connection is pending, and all of them can be used again.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/inet.h>
#include <linux/kconnect.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/tcp.h>
#include <linux/timer.h>

#define CONNECT_TIMEOUT	(10ULL * NSEC_PER_SEC)
#define BACKOFF_MIN	(HZ / 10)
#define BACKOFF_MAX	(60 * HZ)

static char *address;
module_param(address, charp, 0444);
MODULE_PARM_DESC(address, "IPv4 or IPv6 address of the server");

static char *port;
module_param(port, charp, 0444);
MODULE_PARM_DESC(port, "TCP port of the server");

static char *request = "hello\n";
module_param(request, charp, 0444);
MODULE_PARM_DESC(request, "what to ask; may travel in the SYN, and twice");

/**
 * struct counters - what the status file shows
 * @connects: connections that were established
 * @failures: connects that failed
 * @answers: receives that brought data
 * @bytes: how much data they brought
 * @syn_bytes: how much of our requests was in SYNs
 * @status: how the last connect went, 0 or a negative errno
 * @wait: milliseconds that it waits, or has last waited, to connect again
 */
struct counters {
	u64		connects;
	u64		failures;
	u64		answers;
	u64		bytes;
	u64		syn_bytes;
	int		status;
	unsigned int	wait;
};

/**
 * struct sample - the one connection
 * @lock: guards @stopping and @counters
 * @stopping: the module goes: no receive starts any more, and no timer
 * @stopped: what @timer would have been started for is over
 * @timer: opens the connection; pending only while there is none
 * @backoff: jiffies to wait, before jitter, until the next try
 * @open: what kind of socket, and in which namespace
 * @remote: the server
 * @socket: the socket, from the connect to the end of its close
 * @fast_open: TCP_FASTOPEN, for socket-connect to set
 * @on: its value
 * @connect: the IRP of socket-connect
 * @receive: the IRP of the receives, one after the other
 * @close: the IRP of the close
 * @answer: where the data goes
 * @counters: for the status file
 */
struct sample {
	spinlock_t		lock; /* see above */
	bool			stopping;
	struct completion	stopped;
	struct timer_list	timer;
	unsigned long		backoff;
	struct kconnect_open	open;
	struct sockaddr_storage	remote;
	struct kconnect_socket	*socket;
	struct kconnect_option	fast_open;
	int			on;
	struct kconnect_irp	connect;
	struct kconnect_irp	receive;
	struct kconnect_irp	close;
	char			answer[1024];
	struct counters		counters;
};

static struct sample sample;
static struct dentry *folder;

static void received(struct kconnect_irp *irp);

static int remote_len(const struct sample *s)
{
	return s->open.family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					    sizeof(struct sockaddr_in);
}

/*
 * There is no connection: wait, and try again. Half of the time is by chance,
 * so that many clients of a server that comes back do not all come at once.
 */
static void retry(struct sample *s)
{
	unsigned long wait = s->backoff / 2 +
			     get_random_u32_below(s->backoff / 2 + 1);
	unsigned long flags;

	s->backoff = min_t(unsigned long, 2 * s->backoff, BACKOFF_MAX);
	spin_lock_irqsave(&s->lock, flags);
	s->counters.wait = jiffies_to_msecs(wait);
	if (s->stopping)
		complete(&s->stopped);
	else
		mod_timer(&s->timer, jiffies + wait);
	spin_unlock_irqrestore(&s->lock, flags);
}

static void closed(struct kconnect_irp *irp)
{
	retry(container_of(irp, struct sample, close));
}

/* A connect that is under way is aborted by this, whatever we ask for. */
static void hang_up(struct sample *s)
{
	kconnect_irp_init(&s->close, closed, GFP_ATOMIC);
	kconnect_close(s->socket, KCONNECT_DISPOSITION_GRACEFUL, &s->close);
}

/*
 * The lock makes this and the cancel of sample_exit() one after the other: a
 * cancel between its test and its call would be lost. A GFP_ATOMIC IRP that is
 * not refused never completes inside the call, so received() does not meet us.
 */
static bool receive_more(struct sample *s)
{
	struct kvec buffer = { s->answer, sizeof(s->answer) };
	unsigned long flags;
	bool go;

	spin_lock_irqsave(&s->lock, flags);
	go = !s->stopping;
	if (go) {
		kconnect_irp_init(&s->receive, received, GFP_ATOMIC);
		kconnect_receive(s->socket, &buffer, 0, &s->receive);
	}
	spin_unlock_irqrestore(&s->lock, flags);
	return go;
}

static void received(struct kconnect_irp *irp)
{
	struct sample *s = container_of(irp, struct sample, receive);
	u32 bytes = irp->result.information;
	unsigned long flags;

	if (bytes) {
		s->backoff = BACKOFF_MIN; /* the server is well */
		spin_lock_irqsave(&s->lock, flags);
		s->counters.answers++;
		s->counters.bytes += bytes;
		spin_unlock_irqrestore(&s->lock, flags);
	}
	if (irp->result.status || !bytes || !receive_more(s))
		hang_up(s);
}

/* May run before kconnect_socket_connect() returns: does not use the socket. */
static void connected(struct kconnect_irp *irp)
{
	struct sample *s = container_of(irp, struct sample, connect);
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	s->counters.status = irp->result.status;
	s->counters.syn_bytes += irp->result.syn_data;
	if (irp->result.status)
		s->counters.failures++;
	else
		s->counters.connects++;
	spin_unlock_irqrestore(&s->lock, flags);
	if (!irp->result.status)
		pr_info_ratelimited("%pISpc is there, %u bytes in the SYN\n",
				    &s->remote, irp->result.syn_data);
}

static void dial(struct timer_list *timer)
{
	struct sample *s = container_of(timer, struct sample, timer);
	struct kvec data = { request, strlen(request) };

	kconnect_irp_init(&s->connect, connected, GFP_ATOMIC);
	kconnect_irp_set_timeout(&s->connect, CONNECT_TIMEOUT);
	s->socket = kconnect_socket_connect(&s->open, &s->fast_open, 1, NULL, 0,
					    &s->remote, remote_len(s), &data, 0,
					    &s->connect);
	if (IS_ERR(s->socket))
		retry(s); /* the IRP has completed, and there is nothing to close */
	else if (!receive_more(s))
		hang_up(s);
}

static int status_show(struct seq_file *file, void *unused)
{
	struct sample *s = file->private;
	struct counters counters;

	spin_lock_irq(&s->lock);
	counters = s->counters;
	spin_unlock_irq(&s->lock);
	seq_printf(file, "connects %llu\nfailures %llu\nanswers %llu\n",
		   counters.connects, counters.failures, counters.answers);
	seq_printf(file, "bytes %llu\nsyn_bytes %llu\nstatus %d\nwait_ms %u\n",
		   counters.bytes, counters.syn_bytes, counters.status,
		   counters.wait);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(status);

static int __init sample_init(void)
{
	struct sample *s = &sample;
	struct net *net = current->nsproxy->net_ns;
	int err;

	if (!address || !port || strlen(request) > KCONNECT_DATA_MAX)
		return -EINVAL;
	err = inet_pton_with_scope(net, AF_UNSPEC, address, port, &s->remote);
	if (err)
		return err;
	spin_lock_init(&s->lock);
	init_completion(&s->stopped);
	timer_setup(&s->timer, dial, 0);
	s->backoff = BACKOFF_MIN;
	s->open.net = get_net(net);
	s->open.family = s->remote.ss_family;
	s->on = 1;
	s->fast_open = (struct kconnect_option) {
		IPPROTO_TCP, TCP_FASTOPEN, &s->on, sizeof(s->on),
	};
	folder = debugfs_create_dir("kconnect_sample", NULL);
	debugfs_create_file("status", 0444, folder, s, &status_fops);
	mod_timer(&s->timer, jiffies);
	return 0;
}

/*
 * Either the timer is pending, and then there is no connection, or there is
 * one, and its end is told by @stopped. kconnect runs completions in RCU read
 * sections, so after a grace period the last of ours has returned, too.
 */
static void __exit sample_exit(void)
{
	struct sample *s = &sample;

	debugfs_remove(folder);
	spin_lock_irq(&s->lock);
	s->stopping = true;
	spin_unlock_irq(&s->lock);
	if (!timer_delete_sync(&s->timer)) {
		spin_lock_irq(&s->lock);
		kconnect_irp_cancel(&s->receive);
		spin_unlock_irq(&s->lock);
		wait_for_completion(&s->stopped);
		synchronize_rcu();
	}
	put_net(s->open.net);
}

module_init(sample_init);
module_exit(sample_exit);

MODULE_DESCRIPTION("A driver's use of kconnect");
MODULE_LICENSE("GPL");
