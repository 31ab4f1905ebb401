// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `kconnect`: what an administrator types.
public struct KConnectCommand: AsyncParsableCommand {
    /// The command's name, its subcommands and its help.
    public static let configuration = CommandConfiguration(
        commandName: "kconnect",
        abstract: "Open TCP connections inside the kernel, with the first data on board.",
        discussion: """
            EXIT STATUS
            \(ExitStatus.help)
            """,
        subcommands: [Connect.self, Status.self])

    /// A command line that has not been parsed yet.
    public init() {}
}
