// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct ExampleTests {
    @Test func `the README shows the program that is built`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let program = try String(contentsOf: root.appending(path: "Tests/Example/main.swift"), encoding: .utf8)
        let body = program.split(separator: "\n", omittingEmptySubsequences: false).drop { !$0.hasPrefix("import") }
        #expect(readme.contains(body.joined(separator: "\n")))
    }
}
