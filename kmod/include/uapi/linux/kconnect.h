/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	kmod/kconnect.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: kmod/generate */

#ifndef _UAPI_LINUX_KCONNECT_H
#define _UAPI_LINUX_KCONNECT_H

#define KCONNECT_FAMILY_NAME	"kconnect"
#define KCONNECT_FAMILY_VERSION	1

#define KCONNECT_DATA_MAX	65535
#define KCONNECT_ADDRESS_MAX	128
#define KCONNECT_TIMEOUT_MAX	86400000000000

/**
 * enum kconnect_operation - What a request asks for. The set grows; a module
 *   that does not know an operation completes the request with EOPNOTSUPP.
 * @KCONNECT_OPERATION_SOCKET: Make a socket of `family` and `protocol` under
 *   the handle `socket`, chosen by the caller (WskSocket).
 * @KCONNECT_OPERATION_BIND: Bind `socket` to `local`. A wildcard address
 *   leaves the choice to routing; port 0 takes no port until the connect
 *   (WskBind).
 * @KCONNECT_OPERATION_SET_OPTION: Set the one `option` of `socket`
 *   (WskControlSocket).
 * @KCONNECT_OPERATION_GET_OPTION: Get the one `option` of `socket`; its value
 *   comes in the completion's `value` (WskControlSocket).
 * @KCONNECT_OPERATION_CONNECT_EX: Connect the bound `socket` to `remote` and
 *   send `data`, in the SYN where TCP_FASTOPEN was set and the path allows it
 *   (WskConnectEx). Information is the number of bytes taken for sending.
 * @KCONNECT_OPERATION_SOCKET_CONNECT: socket, set each `option`, bind to
 *   `local` (the wildcard if absent), and connect-ex, in one request
 *   (WskSocketConnect). When it fails the handle is free again by the time the
 *   completion is delivered.
 * @KCONNECT_OPERATION_RECEIVE: Receive up to `length` bytes as soon as there
 *   are any; none is the end of the stream. `flags` are `receive-flags`
 *   (WskReceive). Information is the number of bytes in the completion's
 *   `data`.
 * @KCONNECT_OPERATION_CLOSE: End every pending request of `socket`, then close
 *   it as `disposition` says, and free the handle (WskCloseSocket).
 * @KCONNECT_OPERATION_CONNECT: Connect the bound `socket` to `remote`, without
 *   data (WskConnect).
 * @KCONNECT_OPERATION_SEND: Send `data`; completes when TCP has taken all of
 *   it. `flags` are `send-flags` (WskSend). Information is the number of bytes
 *   taken.
 * @KCONNECT_OPERATION_DISCONNECT: Send `data`, if any, then a FIN; completes
 *   when the peer has acknowledged both. Receiving goes on. Or, with the flag
 *   `abortive`, end the connection with a RST. `flags` are `disconnect-flags`
 *   (WskDisconnect).
 * @KCONNECT_OPERATION_GET_LOCAL_ADDRESS: Get the local address in `local`
 *   (WskGetLocalAddress).
 * @KCONNECT_OPERATION_GET_REMOTE_ADDRESS: Get the peer's address in `remote`
 *   (WskGetRemoteAddress).
 */
enum kconnect_operation {
	KCONNECT_OPERATION_SOCKET = 1,
	KCONNECT_OPERATION_BIND,
	KCONNECT_OPERATION_SET_OPTION,
	KCONNECT_OPERATION_GET_OPTION,
	KCONNECT_OPERATION_CONNECT_EX,
	KCONNECT_OPERATION_SOCKET_CONNECT,
	KCONNECT_OPERATION_RECEIVE,
	KCONNECT_OPERATION_CLOSE,
	KCONNECT_OPERATION_CONNECT,
	KCONNECT_OPERATION_SEND,
	KCONNECT_OPERATION_DISCONNECT,
	KCONNECT_OPERATION_GET_LOCAL_ADDRESS,
	KCONNECT_OPERATION_GET_REMOTE_ADDRESS,
};

/**
 * enum kconnect_send_flags - WSK's flags of a send.
 * @KCONNECT_SEND_FLAGS_NODELAY: Send at once, whatever TCP_NODELAY says.
 */
enum kconnect_send_flags {
	KCONNECT_SEND_FLAGS_NODELAY = 1,
};

/**
 * enum kconnect_receive_flags - WSK's flags of a receive. They exclude each
 *   other.
 * @KCONNECT_RECEIVE_FLAGS_WAITALL: Complete when `length` bytes are there, or
 *   the stream has ended.
 * @KCONNECT_RECEIVE_FLAGS_DRAIN: Throw away what comes, and complete when the
 *   stream has ended. `length` must be 0 or absent; information is the number
 *   of bytes.
 */
enum kconnect_receive_flags {
	KCONNECT_RECEIVE_FLAGS_WAITALL = 1,
	KCONNECT_RECEIVE_FLAGS_DRAIN = 2,
};

/**
 * enum kconnect_disconnect_flags - WSK's flags of a disconnect.
 * @KCONNECT_DISCONNECT_FLAGS_ABORTIVE: With a RST, and without data. What is
 *   in flight is cancelled.
 */
enum kconnect_disconnect_flags {
	KCONNECT_DISCONNECT_FLAGS_ABORTIVE = 1,
};

/**
 * enum kconnect_disposition - How a socket is closed.
 * @KCONNECT_DISPOSITION_ABORTIVE: At once, with a RST where the connection
 *   stands (WSK's default).
 * @KCONNECT_DISPOSITION_GRACEFUL: With a FIN, after all data that TCP has
 *   taken.
 * @KCONNECT_DISPOSITION_HALF_OPEN: For socket-connect only, a probe: as soon
 *   as the peer has accepted, with a RST in place of the last part of the
 *   handshake. Nothing of it is left, the handle is free when the completion
 *   is delivered.
 */
enum kconnect_disposition {
	KCONNECT_DISPOSITION_ABORTIVE,
	KCONNECT_DISPOSITION_GRACEFUL,
	KCONNECT_DISPOSITION_HALF_OPEN,
};

/**
 * enum kconnect_fast_open - What became of fast open, as far as TCP itself
 *   knows.
 * @KCONNECT_FAST_OPEN_NOT_ASKED: The caller did not ask for it. No data was in
 *   the SYN.
 * @KCONNECT_FAST_OPEN_COOKIE_REQUESTED: The SYN asked for a cookie and carried
 *   no data; the data followed the handshake.
 * @KCONNECT_FAST_OPEN_DATA_ACKED: Data was in the SYN and the SYN-ACK
 *   acknowledged it.
 * @KCONNECT_FAST_OPEN_DATA_NOT_ACKED: Data was in the SYN, and the SYN-ACK did
 *   not acknowledge it; TCP sent it again after the handshake. The peer may
 *   have seen it twice.
 * @KCONNECT_FAST_OPEN_SUPPRESSED: It was asked for, and the kernel sent a
 *   plain SYN; `fast-open-reason` says why, as far as the kernel tells.
 * @KCONNECT_FAST_OPEN_DATA_SENT: Data was in the SYN, and the request ended
 *   before any answer. The peer may have seen it.
 */
enum kconnect_fast_open {
	KCONNECT_FAST_OPEN_NOT_ASKED,
	KCONNECT_FAST_OPEN_COOKIE_REQUESTED,
	KCONNECT_FAST_OPEN_DATA_ACKED,
	KCONNECT_FAST_OPEN_DATA_NOT_ACKED,
	KCONNECT_FAST_OPEN_SUPPRESSED,
	KCONNECT_FAST_OPEN_DATA_SENT,
};

/**
 * enum kconnect_fast_open_reason - Why fast open did less than was asked. The
 *   first four are TCP's own (tcpi_fastopen_client_fail).
 * @KCONNECT_FAST_OPEN_REASON_UNSPECIFIED: TCP gives no reason; this is also
 *   what blackhole detection looks like.
 * @KCONNECT_FAST_OPEN_REASON_COOKIE_UNAVAILABLE: There was no cookie for this
 *   peer.
 * @KCONNECT_FAST_OPEN_REASON_DATA_NOT_ACKED: The SYN-ACK did not acknowledge
 *   the data.
 * @KCONNECT_FAST_OPEN_REASON_SYN_RETRANSMITTED: The SYN was sent again,
 *   without data.
 * @KCONNECT_FAST_OPEN_REASON_DISABLED: net.ipv4.tcp_fastopen has the client's
 *   bit off.
 * @KCONNECT_FAST_OPEN_REASON_HOSTILE_PATH: The path has swallowed fast open
 *   before, and is left alone for a while, see path-get.
 */
enum kconnect_fast_open_reason {
	KCONNECT_FAST_OPEN_REASON_UNSPECIFIED,
	KCONNECT_FAST_OPEN_REASON_COOKIE_UNAVAILABLE,
	KCONNECT_FAST_OPEN_REASON_DATA_NOT_ACKED,
	KCONNECT_FAST_OPEN_REASON_SYN_RETRANSMITTED,
	KCONNECT_FAST_OPEN_REASON_DISABLED,
	KCONNECT_FAST_OPEN_REASON_HOSTILE_PATH,
};

enum kconnect_attr {
	KCONNECT_A_REQUEST = 1,
	KCONNECT_A_COMPLETION,
	KCONNECT_A_DATA,
	KCONNECT_A_COOKIE,
	KCONNECT_A_SOCKET,
	KCONNECT_A_ALL,
	KCONNECT_A_COUNT,
	KCONNECT_A_VERSION,
	KCONNECT_A_SESSIONS,
	KCONNECT_A_SOCKETS,
	KCONNECT_A_OUTSTANDING,
	KCONNECT_A_SUBMITTED,
	KCONNECT_A_COMPLETED,
	KCONNECT_A_PATH,
	KCONNECT_A_DESCRIPTOR,
	KCONNECT_A_REMOTE,
	KCONNECT_A_PAD,

	__KCONNECT_A_MAX,
	KCONNECT_A_MAX = (__KCONNECT_A_MAX - 1)
};

enum kconnect_path_attr {
	KCONNECT_A_PATH_SOURCE = 1,
	KCONNECT_A_PATH_DESTINATION,
	KCONNECT_A_PATH_LOSSES,
	KCONNECT_A_PATH_BACKOFFS,
	KCONNECT_A_PATH_RETRY_IN,
	KCONNECT_A_PATH_PAD,

	__KCONNECT_A_PATH_MAX,
	KCONNECT_A_PATH_MAX = (__KCONNECT_A_PATH_MAX - 1)
};

enum kconnect_request_attr {
	KCONNECT_A_REQUEST_COOKIE = 1,
	KCONNECT_A_REQUEST_OPERATION,
	KCONNECT_A_REQUEST_SOCKET,
	KCONNECT_A_REQUEST_FLAGS,
	KCONNECT_A_REQUEST_TIMEOUT,
	KCONNECT_A_REQUEST_FAMILY,
	KCONNECT_A_REQUEST_PROTOCOL,
	KCONNECT_A_REQUEST_LOCAL,
	KCONNECT_A_REQUEST_REMOTE,
	KCONNECT_A_REQUEST_DATA,
	KCONNECT_A_REQUEST_OPTION,
	KCONNECT_A_REQUEST_LENGTH,
	KCONNECT_A_REQUEST_DISPOSITION,
	KCONNECT_A_REQUEST_PAD,

	__KCONNECT_A_REQUEST_MAX,
	KCONNECT_A_REQUEST_MAX = (__KCONNECT_A_REQUEST_MAX - 1)
};

enum kconnect_option_attr {
	KCONNECT_A_OPTION_LEVEL = 1,
	KCONNECT_A_OPTION_NAME,
	KCONNECT_A_OPTION_VALUE,

	__KCONNECT_A_OPTION_MAX,
	KCONNECT_A_OPTION_MAX = (__KCONNECT_A_OPTION_MAX - 1)
};

enum kconnect_completion_attr {
	KCONNECT_A_COMPLETION_COOKIE = 1,
	KCONNECT_A_COMPLETION_OPERATION,
	KCONNECT_A_COMPLETION_SOCKET,
	KCONNECT_A_COMPLETION_STATUS,
	KCONNECT_A_COMPLETION_INFORMATION,
	KCONNECT_A_COMPLETION_MESSAGE,
	KCONNECT_A_COMPLETION_FAST_OPEN,
	KCONNECT_A_COMPLETION_FAST_OPEN_REASON,
	KCONNECT_A_COMPLETION_SUBMITTED,
	KCONNECT_A_COMPLETION_SYN_SENT,
	KCONNECT_A_COMPLETION_ESTABLISHED,
	KCONNECT_A_COMPLETION_SENT,
	KCONNECT_A_COMPLETION_COMPLETED,
	KCONNECT_A_COMPLETION_RTT,
	KCONNECT_A_COMPLETION_LOCAL,
	KCONNECT_A_COMPLETION_REMOTE,
	KCONNECT_A_COMPLETION_VALUE,
	KCONNECT_A_COMPLETION_DATA,
	KCONNECT_A_COMPLETION_SYN_DATA,
	KCONNECT_A_COMPLETION_PAD,

	__KCONNECT_A_COMPLETION_MAX,
	KCONNECT_A_COMPLETION_MAX = (__KCONNECT_A_COMPLETION_MAX - 1)
};

enum kconnect_cmd {
	KCONNECT_CMD_SUBMIT = 1,
	KCONNECT_CMD_COMPLETE,
	KCONNECT_CMD_REAP,
	KCONNECT_CMD_CANCEL,
	KCONNECT_CMD_STATS_GET,
	KCONNECT_CMD_PATH_GET,
	KCONNECT_CMD_PATH_CLEAR,
	KCONNECT_CMD_SOCKET_EXPORT,

	__KCONNECT_CMD_MAX,
	KCONNECT_CMD_MAX = (__KCONNECT_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_KCONNECT_H */
