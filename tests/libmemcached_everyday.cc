// SPDX-License-Identifier: Apache-2.0
// The everyday operations of libmemcached, which PHP's memcached and the reference site use:
//   libmemcached_everyday PORT [binary]
// Says "everything as it should be", or what is not.
#include <libmemcached/memcached.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace {

struct Free {
  void operator()(memcached_st* client) const { memcached_free(client); }
};
using Client = std::unique_ptr<memcached_st, Free>;

void require(bool condition, const char* what, memcached_return_t code = MEMCACHED_SUCCESS) {
  if (condition) return;
  std::fprintf(stderr, "%s: %s\n", what, memcached_strerror(nullptr, code));
  std::exit(1);
}

void expect(memcached_return_t wanted, memcached_return_t code, const char* what) {
  require(code == wanted, what, code);
}

std::string get(memcached_st* client, const std::string& key, std::uint32_t* flags = nullptr) {
  std::size_t size = 0;
  std::uint32_t ignored = 0;
  memcached_return_t code = MEMCACHED_SUCCESS;
  char* value = memcached_get(client, key.data(), key.size(), &size, flags == nullptr ? &ignored : flags, &code);
  if (code == MEMCACHED_NOTFOUND) return "(none)";
  expect(MEMCACHED_SUCCESS, code, "get");
  std::string text(value, size);
  std::free(value);
  return text;
}

void set(memcached_st* client, const std::string& key, const std::string& value, std::uint32_t flags = 0) {
  expect(MEMCACHED_SUCCESS, memcached_set(client, key.data(), key.size(), value.data(), value.size(), 0, flags), "set");
}

using Fetched = std::map<std::string, std::string>;

// Several keys in one get (or gets); with their unique numbers when those are wanted.
Fetched get_many(memcached_st* client, const std::vector<std::string>& keys, std::uint64_t* unique = nullptr) {
  std::vector<const char*> names;
  std::vector<std::size_t> sizes;
  for (const std::string& key : keys) {
    names.push_back(key.data());
    sizes.push_back(key.size());
  }
  expect(MEMCACHED_SUCCESS, memcached_mget(client, names.data(), sizes.data(), keys.size()), "mget");
  Fetched fetched;
  memcached_return_t code = MEMCACHED_SUCCESS;
  while (memcached_result_st* result = memcached_fetch_result(client, nullptr, &code)) {
    fetched[{memcached_result_key_value(result), memcached_result_key_length(result)}] = {
        memcached_result_value(result), memcached_result_length(result)};
    if (unique != nullptr) *unique = memcached_result_cas(result);
    memcached_result_free(result);
  }
  require(code == MEMCACHED_END || code == MEMCACHED_NOTFOUND, "fetch", code);
  return fetched;
}

void try_values(memcached_st* client) {
  require(get(client, "none") == "(none)", "a miss");
  std::uint32_t flags = 0;
  const std::string bytes("\0\r\nEND\r\n\xff", 10);
  set(client, "bytes", bytes, 4'000'000'000U);
  require(get(client, "bytes", &flags) == bytes && flags == 4'000'000'000U, "bytes and flags");
  const std::string large(1'000'000, 'x');
  set(client, "large", large);
  require(get(client, "large") == large, "a large value");
  set(client, "empty", "");
  require(get(client, "empty").empty(), "an empty value");
}

// The protocols tell in their own ways that nothing was stored.
void try_changes(memcached_st* client, bool is_binary) {
  const memcached_return_t is_there = is_binary ? MEMCACHED_DATA_EXISTS : MEMCACHED_NOTSTORED;
  const memcached_return_t is_missing = is_binary ? MEMCACHED_NOTFOUND : MEMCACHED_NOTSTORED;
  expect(MEMCACHED_SUCCESS, memcached_add(client, "k", 1, "b", 1, 0, 0), "add");
  expect(is_there, memcached_add(client, "k", 1, "x", 1, 0, 0), "add again");
  expect(is_missing, memcached_replace(client, "none", 4, "x", 1, 0, 0), "replace of none");
  expect(MEMCACHED_SUCCESS, memcached_append(client, "k", 1, "c", 1, 0, 0), "append");
  expect(MEMCACHED_SUCCESS, memcached_prepend(client, "k", 1, "a", 1, 0, 0), "prepend");
  require(get(client, "k") == "abc", "what was appended and prepended");
  expect(MEMCACHED_SUCCESS, memcached_touch(client, "k", 1, 100), "touch");
  expect(MEMCACHED_SUCCESS, memcached_exist(client, "k", 1), "exist");
  expect(MEMCACHED_SUCCESS, memcached_delete(client, "k", 1, 0), "delete");
  expect(MEMCACHED_NOTFOUND, memcached_delete(client, "k", 1, 0), "delete again");
  std::uint64_t number = 0;
  set(client, "count", "10");
  expect(MEMCACHED_SUCCESS, memcached_increment(client, "count", 5, 5, &number), "increment");
  require(number == 15, "15");
  expect(MEMCACHED_SUCCESS, memcached_decrement(client, "count", 5, 20, &number), "decrement");
  require(number == 0, "0");
  expect(MEMCACHED_NOTFOUND, memcached_increment(client, "none", 4, 1, &number), "increment of none");
}

void try_many(memcached_st* client) {
  std::vector<std::string> keys;
  Fetched wanted;
  for (int i = 0; i < 200; ++i) {
    keys.push_back("many:" + std::to_string(i));
    set(client, keys.back(), "value " + std::to_string(i));
    wanted[keys.back()] = "value " + std::to_string(i);
  }
  keys.emplace_back("none:1");
  require(get_many(client, keys) == wanted, "a get of many keys");
}

void try_cas(memcached_st* client) {
  set(client, "k", "first");
  expect(MEMCACHED_SUCCESS, memcached_behavior_set(client, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1), "SUPPORT_CAS");
  std::uint64_t unique = 0;
  require(get_many(client, {"k"}, &unique).at("k") == "first", "gets");
  expect(MEMCACHED_SUCCESS, memcached_cas(client, "k", 1, "mine", 4, 0, 0, unique), "cas");
  expect(MEMCACHED_DATA_EXISTS, memcached_cas(client, "k", 1, "late", 4, 0, 0, unique), "cas again");
  require(get(client, "k") == "mine", "what cas has stored");
}

// Without replies, and then with many requests in one write.
void try_noreply(memcached_st* client) {
  for (memcached_behavior_t behavior : {MEMCACHED_BEHAVIOR_NOREPLY, MEMCACHED_BEHAVIOR_BUFFER_REQUESTS}) {
    expect(MEMCACHED_SUCCESS, memcached_behavior_set(client, behavior, 1), "a behavior");
    for (int i = 0; i < 300; ++i) {
      const std::string key = "quiet:" + std::to_string(i);
      const memcached_return_t code = memcached_set(client, key.data(), key.size(), key.data(), key.size(), 0, 0);
      require(code == MEMCACHED_SUCCESS || code == MEMCACHED_BUFFERED, "a set without reply", code);
    }
    expect(MEMCACHED_SUCCESS, memcached_flush_buffers(client), "flush_buffers");
    for (int i = 0; i < 300; ++i) {
      const std::string key = "quiet:" + std::to_string(i);
      require(get(client, key) == key, "what was set without reply");
    }
  }
}

}  // namespace

int main(int count, char** values) {
  const bool is_binary = count == 3 && std::string_view(values[2]) == "binary";
  if (count != 2 && !is_binary) {
    std::fputs("usage: libmemcached_everyday PORT [binary]\n", stderr);
    return 2;
  }
  const Client client(memcached_create(nullptr));
  const auto port = static_cast<in_port_t>(tenfold::parse_decimal(values[1]).value_or(0));
  expect(MEMCACHED_SUCCESS, memcached_server_add(client.get(), "127.0.0.1", port), "server_add");
  expect(MEMCACHED_SUCCESS, memcached_behavior_set(client.get(), MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, is_binary ? 1 : 0),
         "BINARY_PROTOCOL");
  expect(MEMCACHED_SUCCESS, memcached_version(client.get()), "version");
  try_values(client.get());
  try_changes(client.get(), is_binary);
  try_many(client.get());
  try_cas(client.get());
  try_noreply(client.get());
  std::puts("everything as it should be");
  return 0;
}
