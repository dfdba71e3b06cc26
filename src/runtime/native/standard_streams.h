// SPDX-License-Identifier: Apache-2.0
// Standard input, output and error, for who may have been started without them.
#pragma once

namespace tenfold::runtime::native {

/// Takes the numbers of those that are closed, so that nothing that is opened later gets them, and with them what is
/// said. They stay as good as closed: reading and writing fail. Call it before anything is opened.
void reserve_standard_streams();

}  // namespace tenfold::runtime::native
