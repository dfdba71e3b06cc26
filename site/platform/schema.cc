// SPDX-License-Identifier: Apache-2.0
#include "site/platform/schema.h"

#include "site/assets.h"

namespace site {

void migrate(Database& database) {
  constexpr std::string_view kEnd = ";\n";
  std::string_view rest = kSchema;
  for (std::size_t end = rest.find(kEnd); end != std::string_view::npos; end = rest.find(kEnd)) {
    database.execute(rest.substr(0, end));
    rest.remove_prefix(end + kEnd.size());
  }
}

}  // namespace site
