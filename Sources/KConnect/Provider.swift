// SPDX-License-Identifier: Apache-2.0

import CKConnect
import GenericNetlink

/// A session with the kernel module: what opens sockets and submits requests.
///
/// It needs CAP_NET_ADMIN over its network namespace's user namespace. It is open until ``close()``, or until nobody
/// holds it, a ``Socket`` of it or a pending ``IRP`` any more. With it every socket of the session is closed, abortively.
///
/// A session has one netlink socket and one thread, which reads completions; there is no task for a request.
public final class Provider: Sendable {
    /// How a session is set up.
    public struct Configuration: Sendable {
        /// The netlink socket's receive buffer, in bytes. Completions that don't fit wait in the kernel.
        public var receiveBuffer = 4 << 20

        /// The netlink socket's send buffer, in bytes, which limits a message and with it how many requests go out in
        /// one. `net.core.wmem_max` limits it in turn.
        public var sendBuffer = 1 << 18

        /// The generic netlink family. Tests on a machine without the module speak to another one.
        var family = KCONNECT_FAMILY_NAME

        /// The usual set-up.
        public init() {}
    }

    let session: Session

    /// Opens a session. The kernel loads the module by itself if it is installed and may be loaded.
    ///
    /// Throws ``KConnectError/Code-swift.enum/moduleNotLoaded`` if there is none.
    public init(_ configuration: Configuration = Configuration()) throws(KConnectError) {
        session = try Session(configuration)
        let session = session
        do throws(ThreadError) {
            try startThread { session.read() }
        } catch {
            throw KConnectError(errno: error.errno)
        }
    }

    deinit { close() }

    /// Ends the session. Pending requests end as ``NTStatus/cancelled``, sockets are closed abortively.
    public func close() {
        session.end(.sessionClosed)
    }

    // MARK: Requests

    /// Submits one request.
    @discardableResult
    public func submit<Value>(_ request: Request<Value>) -> IRP<Value> {
        var batch = Batch(self, stream: nil)
        let irp = batch.submit(request)
        _ = batch.finish()
        return irp
    }

    /// Submits many requests, in their order, in as few messages as possible.
    ///
    /// What `fill` puts in is on its way when the call returns, at the latest. A batch that doesn't fit one message goes
    /// out in several.
    public func submit<IRPs>(_ fill: (inout Batch) -> IRPs) -> Submission<IRPs> {
        let queue = CompletionQueue()
        var batch = Batch(self, stream: queue)
        let irps = fill(&batch)
        queue.expect(batch.finish())
        return Submission(irps: irps, completions: Completions(queue: queue))
    }

    /// Makes a socket, binds it, sets its options and connects it, with first data (WskSocketConnect).
    ///
    /// The parameters are those of ``Request/socketConnect(to:sending:options:from:timeout:flags:)``.
    public func socketConnect(
        to remote: SocketAddress, sending data: [UInt8] = [], options: [SocketOption] = [],
        from local: SocketAddress? = nil, timeout: Duration? = nil, flags: UInt32 = 0
    ) -> IRP<ConnectResult> {
        submit(
            .socketConnect(
                to: remote, sending: data, options: options, from: local, timeout: timeout, flags: flags))
    }

    /// Connects to each of many addresses, in one batch.
    public func socketConnect(
        to remotes: some Sequence<SocketAddress>, sending data: [UInt8] = [], options: [SocketOption] = [],
        from local: SocketAddress? = nil, timeout: Duration? = nil
    ) -> Submission<[IRP<ConnectResult>]> {
        submit { batch in
            remotes.map { remote in
                batch.submit(
                    .socketConnect(to: remote, sending: data, options: options, from: local, timeout: timeout))
            }
        }
    }

    /// Connects to a host by its name, with first data.
    ///
    /// The name is looked up on a thread of its own. Several addresses are tried in the order of `getaddrinfo` (RFC 6724)
    /// until one connects; with fast open the data may so reach several of them. `timeout` is for all of it together,
    /// the addresses that are left sharing what is left of it. A name without an address is
    /// ``KConnectError/Code-swift.enum/nameNotResolved``.
    public func socketConnect(
        toHost name: String, port: UInt16, sending data: [UInt8] = [], options: [SocketOption] = [],
        from local: SocketAddress? = nil, timeout: Duration? = nil
    ) -> IRP<ConnectResult> {
        let irp = IRP<ConnectResult>(self, .socketConnect, socket: 0)
        let connect = HostConnect(irp, timeout: timeout) { remote, timeout in
            .socketConnect(to: remote, sending: data, options: options, from: local, timeout: timeout)
        }
        connect.start(name: name, port: port, family: local?.family)
        return irp
    }

    /// Makes a TCP socket (WskSocket).
    public func socket(_ family: SocketAddress.Family) async throws(KConnectError) -> Socket {
        let socket = newSocket()
        _ = try await submit(.socket(socket, family: family)).value
        return socket
    }

    /// A handle that names no socket yet. Submit ``Request/socket(_:family:)`` for it before anything else; the requests
    /// that follow in the same batch can already use it.
    public func newSocket() -> Socket {
        Socket(provider: self, handle: session.nextHandle())
    }

    /// Asks for the end of every request that is pending. Each still completes, exactly once.
    public func cancelAll() {
        session.cancelAll()
    }
}
