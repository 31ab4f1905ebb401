// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import KConnect

/// What `kconnect` exits with. Scripts rely on it: a number never changes its meaning.
enum ExitStatus: Int32, CaseIterable {
    case success = 0
    case refused = 10
    case timedOut = 11
    case unreachable = 12
    case nameNotResolved = 13
    case otherFailure = 14
    case badUsage = 64
    case moduleNotLoaded = 69
    case outputFailed = 74
    case notPermitted = 77

    /// The status that tells of an error.
    init(_ error: KConnectError) {
        switch error.code {
        case .moduleNotLoaded: self = .moduleNotLoaded
        case .notPermitted: self = .notPermitted
        case .nameNotResolved: self = .nameNotResolved
        case .request, .sessionClosed:
            switch error.status {
            case .connectionRefused: self = .refused
            case .ioTimeout: self = .timedOut
            case .networkUnreachable, .hostUnreachable: self = .unreachable
            default: self = .otherFailure
            }
        }
    }

    /// What the status means, for the help.
    var meaning: String {
        switch self {
        case .success: "success"
        case .refused: "the connection was refused"
        case .timedOut: "it timed out"
        case .unreachable: "the network or the host is unreachable"
        case .nameNotResolved: "the name has no address"
        case .otherFailure: "the connection failed otherwise"
        case .badUsage: "bad usage"
        case .moduleNotLoaded: "the kernel module is not loaded"
        case .outputFailed: "the output could not be written"
        case .notPermitted: "not permitted: this needs CAP_NET_ADMIN"
        }
    }

    /// Every status with its meaning, a line each.
    static var help: String {
        allCases.map { status in
            let number = String(status.rawValue)
            return "  " + String(repeating: " ", count: 2 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }

    /// What to throw in order to exit so.
    var exitCode: ExitCode { ExitCode(rawValue) }
}
