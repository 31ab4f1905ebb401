// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import KConnect

/// `kconnect status`
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether the kernel module is loaded.",
        discussion: """
            Needs no privilege, and does not load the module. Exits with \(ExitStatus.success.rawValue) if it is loaded, \
            with \(ExitStatus.moduleNotLoaded.rawValue) if not.

            EXAMPLE
              kconnect status --json
            """)

    @OptionGroup var output: Output

    func run() throws {
        let status: ModuleStatus
        do throws(KConnectError) {
            status = try ModuleStatus.current()
        } catch {
            let exitStatus = ExitStatus(error)
            if exitStatus == .moduleNotLoaded {
                try output.print(StatusReport(nil))
            } else {
                output.complain(error)
            }
            throw exitStatus.exitCode
        }
        try output.print(StatusReport(status))
    }
}

/// What `kconnect status` prints.
struct StatusReport: Report, Codable, Equatable {
    /// Whether the module is loaded; without it all the rest is null.
    let loaded: Bool
    let version: String?
    let protocolVersion: UInt32?
    let sessions: UInt32?
    let sockets: UInt32?
    // 64-bit numbers travel as strings, for many readers of JSON have no more than 53 bits.
    let outstanding: String?
    let submitted: String?
    let completed: String?

    init(_ status: ModuleStatus?) {
        loaded = status != nil
        version = status?.version
        protocolVersion = status?.protocolVersion
        sessions = status?.sessions
        sockets = status?.sockets
        outstanding = status.map { String($0.outstanding) }
        submitted = status.map { String($0.submitted) }
        completed = status.map { String($0.completed) }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(loaded, forKey: .loaded)
        try container.encode(version, forKey: .version)
        try container.encode(protocolVersion, forKey: .protocolVersion)
        try container.encode(sessions, forKey: .sessions)
        try container.encode(sockets, forKey: .sockets)
        try container.encode(outstanding, forKey: .outstanding)
        try container.encode(submitted, forKey: .submitted)
        try container.encode(completed, forKey: .completed)
    }

    var lines: [(label: String, value: String)] {
        guard loaded else { return [("module", "not loaded")] }
        return [
            ("module", "loaded, version \(version ?? "?")"),
            ("protocol", "version \(protocolVersion ?? 0)"),
            ("sessions", "\(sessions ?? 0)"),
            ("sockets", "\(sockets ?? 0)"),
            ("requests", "\(submitted ?? "?") submitted, \(completed ?? "?") completed, \(outstanding ?? "?") pending"),
        ]
    }

    var text: String? { nil }
}
