// SPDX-License-Identifier: Apache-2.0
// The topology file: whatever the text, problems have places, and a good file survives being written out and read back.
#include <cstdint>
#include <cstdlib>

#include "control/effective.h"
#include "control/topology_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenfold::control;
  const LoadedTopology loaded = parse_topology(std::string(reinterpret_cast<const char*>(data), size), "fuzz.toml");
  static_cast<void>(loaded.rendered());
  if (!loaded.ok()) return 0;
  const LoadedTopology again = parse_topology(effective_text(loaded), "again.toml");
  if (!again.ok() || again.topology.services != loaded.topology.services) std::abort();
  return 0;
}
