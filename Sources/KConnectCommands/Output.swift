// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// What a command prints: once for people, once for programs.
protocol Report: Encodable {
    /// Labels with their values, for people.
    var lines: [(label: String, value: String)] { get }

    /// Text from elsewhere, which follows the lines.
    var text: String? { get }
}

/// The one place where reports become text or JSON.
struct Output: ParsableArguments {
    @Flag(help: "Print one JSON object, on one line.")
    var json = false

    /// Prints a report to standard output.
    func print(_ report: some Report) throws {
        let text = try json ? Self.json(report) : Self.text(report)
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            complain("the output can't be written")
            throw ExitStatus.outputFailed.exitCode
        }
    }

    /// Prints words about a failure to standard error.
    func complain(_ words: some CustomStringConvertible) {
        try? FileHandle.standardError.write(contentsOf: Data("kconnect: \(words)\n".utf8))
    }

    static func json(_ report: some Report) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"
    }

    static func text(_ report: some Report) -> String {
        let lines = report.lines
        let width = lines.map(\.label.count).max() ?? 0
        var text = lines.map { line in
            line.label + String(repeating: " ", count: width - line.label.count) + "  " + line.value + "\n"
        }.joined()
        if let body = report.text, !body.isEmpty {
            text += "\n" + printable(body) + (body.hasSuffix("\n") ? "" : "\n")
        }
        return text
    }

    /// What a peer sent is not to steer the terminal: control characters but those that make lines and columns are shown.
    static func printable(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            let isControl = scalar.properties.generalCategory == .control && !"\n\r\t".unicodeScalars.contains(scalar)
            return isControl ? "\\x" + String(scalar.value, radix: 16) : String(scalar)
        }.joined()
    }
}
