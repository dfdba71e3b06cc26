// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace tenfold::http {

/// The Content-Type of a file by the extension of its name; "application/octet-stream" for one that is not known.
std::string_view media_type_of(std::string_view file_name);

}  // namespace tenfold::http
