// SPDX-License-Identifier: Apache-2.0

/// A TCP socket that the kernel holds, named by its handle in the session.
///
/// A copy names the same socket. It stays open until ``close(_:)``, or until the session ends; there is no descriptor,
/// and nothing is closed because a `Socket` goes out of scope.
public struct Socket: Sendable {
    /// The session.
    public let provider: Provider

    /// The number that names the socket in its session.
    public let handle: UInt32

    /// Binds the socket (WskBind). A wildcard leaves the choice to routing; port 0 takes no port until the connect.
    @discardableResult
    public func bind(to local: SocketAddress) -> IRP<IOStatus> {
        provider.submit(.bind(self, to: local))
    }

    /// Sets an option (WskControlSocket).
    @discardableResult
    public func setOption(_ option: SocketOption) -> IRP<IOStatus> {
        provider.submit(.setOption(self, option))
    }

    /// Gets an option (WskControlSocket).
    public func option(_ name: SocketOption.Name) -> IRP<OptionValue> {
        provider.submit(.option(self, name))
    }

    /// Connects the bound socket, without data (WskConnect).
    public func connect(to remote: SocketAddress, timeout: Duration? = nil) -> IRP<ConnectResult> {
        provider.submit(.connect(self, to: remote, timeout: timeout))
    }

    /// Connects the bound socket, with first data (WskConnectEx).
    ///
    /// - Parameters:
    ///   - remote: Where to connect to, of the socket's family.
    ///   - data: First data, at most 65,535 bytes. It goes into the SYN where ``SocketOption/fastOpen(_:)`` was set
    ///     before and the path allows it: idempotent data only. Otherwise it follows the handshake.
    ///   - timeout: After this the request ends by itself with ETIMEDOUT; nil for no deadline but TCP's own.
    ///   - flags: Reserved; anything but 0 is STATUS_INVALID_PARAMETER.
    public func connectEx(
        to remote: SocketAddress, sending data: [UInt8] = [], timeout: Duration? = nil, flags: UInt32 = 0
    ) -> IRP<ConnectResult> {
        provider.submit(.connectEx(self, to: remote, sending: data, timeout: timeout, flags: flags))
    }

    /// Sends data, at most 65,535 bytes; completes when TCP has taken all of it (WskSend).
    @discardableResult
    public func send(_ data: [UInt8], flags: SendFlags = [], timeout: Duration? = nil) -> IRP<IOStatus> {
        provider.submit(.send(self, data, flags: flags, timeout: timeout))
    }

    /// Receives up to `count` bytes, 1 to 65,536, as soon as there are any (WskReceive). None is the end of the stream.
    public func receive(
        upTo count: Int = 65_536, flags: ReceiveFlags = [], timeout: Duration? = nil
    ) -> IRP<Received> {
        provider.submit(.receive(self, upTo: count, flags: flags, timeout: timeout))
    }

    /// Ends the connection (WskDisconnect): gracefully, with last data and a FIN, receiving goes on, and it completes when
    /// the peer has acknowledged both; or abortively, with a RST, without data, and what is in flight is cancelled.
    @discardableResult
    public func disconnect(
        _ disposition: Disposition = .graceful, sending data: [UInt8] = [], timeout: Duration? = nil
    ) -> IRP<IOStatus> {
        provider.submit(.disconnect(self, disposition, sending: data, timeout: timeout))
    }

    /// Asks for the local address (WskGetLocalAddress).
    public func localAddress() -> IRP<SocketAddress> { provider.submit(.localAddress(self)) }

    /// Asks for the peer's address (WskGetRemoteAddress).
    public func remoteAddress() -> IRP<SocketAddress> { provider.submit(.remoteAddress(self)) }

    /// Ends every pending request of the socket, then closes it (WskCloseSocket).
    @discardableResult
    public func close(_ disposition: Disposition = .abortive) -> IRP<IOStatus> {
        provider.submit(.close(self, disposition))
    }
}

extension Socket: Hashable {
    /// Whether two name the same socket of the same session.
    public static func == (one: Socket, other: Socket) -> Bool {
        one.handle == other.handle && one.provider === other.provider
    }

    /// Hashes the handle.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(handle)
    }
}
