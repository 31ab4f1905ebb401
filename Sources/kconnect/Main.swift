// SPDX-License-Identifier: Apache-2.0

import KConnectCommands

@main
enum Main {
    static func main() async {
        await KConnectCommand.main()
    }
}
