// SPDX-License-Identifier: Apache-2.0
// Assertions stay on in production: a program that has lost an invariant must stop before it sends a wrong byte.
//   TENFOLD_ASSERT(condition, "what must hold");
// For bugs of ours only. Bad input is a Result, never an assertion.
#pragma once

namespace tenfold {

[[noreturn]] void assertion_failed(const char* condition, const char* meaning, const char* file, int line);

}  // namespace tenfold

#define TENFOLD_ASSERT(condition, meaning)           \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::tenfold::assertion_failed(#condition, meaning, __FILE__, __LINE__))
