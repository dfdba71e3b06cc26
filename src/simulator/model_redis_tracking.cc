// SPDX-License-Identifier: Apache-2.0
// Which connections of the model Redis are told of the keys that change: CLIENT TRACKING, of what they have read or of
// all, in RESP3 (https://redis.io/docs/manual/client-side-caching).
#include <algorithm>
#include <utility>

#include "simulator/model_redis.h"
#include "simulator/redis_words.h"
#include "wire/resp/request.h"

namespace tenfold::simulator {
namespace {

constexpr std::string_view kInvalidate = ">2\r\n$10\r\ninvalidate\r\n";

}  // namespace

// CLIENT TRACKING ON [BCAST] | OFF
void ModelRedis::track(Call& call) {
  const bool is_on = call.words.size() > 2 && is(call.words[2], "ON");
  const bool is_about_all = call.words.size() == 4 && is(call.words[3], "BCAST");
  const bool is_off = call.words.size() == 3 && is(call.words[2], "OFF");
  if (!is_off && (!is_on || (call.words.size() > 3 && !is_about_all)))
    return static_cast<void>(call.reply += "-ERR syntax error\r\n");
  if (is_on && !call.session.resp3) complaint_ = "Redis was asked for tracking in RESP2";
  call.session.tracks = is_on;
  call.session.tracks_all = is_about_all;
  call.reply += kOk;
}

// All its words behind the first are keys, or only the next one.
void ModelRedis::note_read(const Command& command, Arguments arguments, const Session& session) {
  if (!session.tracks || session.tracks_all || command.reads == Reads::kNothing) return;
  const std::size_t count = command.reads == Reads::kAllKeys ? arguments.size() - 1 : 1;
  for (std::string_view key : arguments.subspan(1, count)) readers_[std::string(key)].insert(session.id);
}

// A key has one name in all databases. Nobody is told of it a second time before having read it again.
void ModelRedis::tell_trackers() {
  if (changed_.empty() && !flushed_) return;
  const std::set<std::string> keys(std::make_move_iterator(changed_.begin()), std::make_move_iterator(changed_.end()));
  changed_.clear();
  std::string all;
  resp::write_array_head(keys.size(), all);
  for (const std::string& key : keys) {
    resp::write_bulk(key, all);
    std::string one(kInvalidate);
    resp::write_array_head(1, one);
    resp::write_bulk(key, one);
    for (std::int64_t id : std::exchange(readers_[key], {})) {
      const auto reader = sessions_.find(id);
      if (reader != sessions_.end() && reader->second->tracks) reader->second->out += one;
    }
    readers_.erase(key);
  }
  const bool is_flushed = std::exchange(flushed_, false);
  if (is_flushed) readers_.clear();
  for (const auto& [id, session] : sessions_) {
    if (session->tracks_all && !keys.empty()) (session->out += kInvalidate) += all;
    if (session->tracks && is_flushed) (session->out += kInvalidate) += "_\r\n";
  }
}

}  // namespace tenfold::simulator
