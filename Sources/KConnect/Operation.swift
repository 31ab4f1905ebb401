// SPDX-License-Identifier: Apache-2.0

import CKConnect

/// What a request asks for. An open set: a newer module may know more.
public struct Operation: RawRepresentable, Hashable, Sendable {
    /// The protocol's number (`enum kconnect_operation`).
    public let rawValue: UInt32

    /// The operation of that number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(_ operation: kconnect_operation) { rawValue = operation.rawValue }

    /// Make a socket (WskSocket).
    public static let socket = Operation(KCONNECT_OPERATION_SOCKET)
    /// Bind it to a local address (WskBind).
    public static let bind = Operation(KCONNECT_OPERATION_BIND)
    /// Set options (WskControlSocket).
    public static let setOption = Operation(KCONNECT_OPERATION_SET_OPTION)
    /// Get an option (WskControlSocket).
    public static let getOption = Operation(KCONNECT_OPERATION_GET_OPTION)
    /// Connect a bound socket, with first data (WskConnectEx).
    public static let connectEx = Operation(KCONNECT_OPERATION_CONNECT_EX)
    /// Socket, bind, options and connect-ex in one (WskSocketConnect).
    public static let socketConnect = Operation(KCONNECT_OPERATION_SOCKET_CONNECT)
    /// Receive (WskReceive).
    public static let receive = Operation(KCONNECT_OPERATION_RECEIVE)
    /// Close (WskCloseSocket).
    public static let close = Operation(KCONNECT_OPERATION_CLOSE)
    /// Connect a bound socket, without data (WskConnect).
    public static let connect = Operation(KCONNECT_OPERATION_CONNECT)
    /// Send (WskSend).
    public static let send = Operation(KCONNECT_OPERATION_SEND)
    /// End the connection, in one direction or in both (WskDisconnect).
    public static let disconnect = Operation(KCONNECT_OPERATION_DISCONNECT)
    /// Get the local address (WskGetLocalAddress).
    public static let localAddress = Operation(KCONNECT_OPERATION_GET_LOCAL_ADDRESS)
    /// Get the peer's address (WskGetRemoteAddress).
    public static let remoteAddress = Operation(KCONNECT_OPERATION_GET_REMOTE_ADDRESS)
}

extension Operation: CustomStringConvertible {
    /// The specification's name, such as "connect-ex"; the number if it has none here.
    public var description: String {
        switch self {
        case .socket: "socket"
        case .bind: "bind"
        case .setOption: "set-option"
        case .getOption: "get-option"
        case .connectEx: "connect-ex"
        case .socketConnect: "socket-connect"
        case .receive: "receive"
        case .close: "close"
        case .connect: "connect"
        case .send: "send"
        case .disconnect: "disconnect"
        case .localAddress: "get-local-address"
        case .remoteAddress: "get-remote-address"
        default: "operation \(rawValue)"
        }
    }
}
