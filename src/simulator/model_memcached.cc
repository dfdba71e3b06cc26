// SPDX-License-Identifier: Apache-2.0
#include "simulator/model_memcached.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.h"

namespace tenfold::simulator {
namespace {

constexpr std::int64_t kRelativeSecondsMost = 60 * 60 * 24 * 30;
constexpr std::string_view kNonNumeric = "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

template <typename Number = std::int64_t>
Number number_of(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_storage(std::string_view verb) {
  return verb == "set" || verb == "add" || verb == "replace" || verb == "append" || verb == "prepend" || verb == "cas";
}

}  // namespace

// -- Requests ------------------------------------------------------------------------------------------------------

std::size_t ModelMemcached::execute(std::string_view bytes, std::int64_t now_seconds, std::string& reply) {
  const std::size_t line_end = bytes.find("\r\n");
  if (line_end == bytes.npos) return 0;
  const Words words = words_of(bytes.substr(0, line_end));
  std::size_t size = line_end + 2;
  std::string_view value;
  if (words.size() > 2 && (words[0] == "ms" || (is_storage(words[0]) && words.size() > 4))) {
    const auto value_bytes = number_of<std::size_t>(words[words[0] == "ms" ? 2 : 4]);
    if (bytes.size() < size + value_bytes + 2) return 0;
    value = bytes.substr(size, value_bytes);
    size += value_bytes + 2;
    if (bytes.substr(size - 2, 2) != "\r\n") complain("a value of another size");
  }
  now_ = now_seconds;
  last_key_.clear();
  last_change_.clear();
  const std::string answer = words.empty() ? complain("an empty line") : command(words, value);
  const bool is_quiet = words.size() > 1 && words.back() == "noreply";
  if (!is_quiet) reply += answer;
  return size;
}

std::string ModelMemcached::complain(std::string_view what) {
  complaint_ = fmt::format("memcached was sent {}", what);
  return "ERROR\r\n";
}

std::string ModelMemcached::command(const Words& words, std::string_view value) {
  const std::string_view verb = words[0];
  if (words.size() < 2) return other_command(words);
  const bool get_and_touch = verb == "gat" || verb == "gats";
  last_key_ = words[get_and_touch && words.size() > 2 ? 2 : 1];
  if (verb == "get" || verb == "gets") return get(words, 1, verb == "gets", false);
  if (get_and_touch) return get(words, 2, verb == "gats", true);
  if (is_storage(verb) && words.size() > 4) return storage(words, value);
  if (verb == "delete") return remove(words);
  if (verb == "touch" && words.size() > 2) return touch(words);
  if ((verb == "incr" || verb == "decr") && words.size() > 2) return arithmetic(words);
  if (verb.size() == 2 && verb[0] == 'm') return meta_command(words, value);
  return other_command(words);
}

std::string ModelMemcached::other_command(const Words& words) {
  const std::string_view verb = words[0];
  if (verb == "version") return "VERSION 1.6.18\r\n";
  if (verb == "mn") return "MN\r\n";
  if (verb == "verbosity") return "OK\r\n";
  if (verb == "stats") return fmt::format("STAT curr_items {}\r\nEND\r\n", items_.size());
  if (verb == "lru_crawler" && words.size() == 3 && words[1] == "metadump") return metadump();
  if (verb != "flush_all") return complain(fmt::format("an unknown command: {}", verb));
  items_.clear();
  ++last_unique_;  // what is older than this number is flushed
  return "OK\r\n";
}

std::string ModelMemcached::metadump() const {
  std::string dump;
  for (const auto& [key, item] : items_) {
    if (item.expires_at != 0 && item.expires_at <= now_) continue;
    dump += "key=";
    for (char c : key) {
      const bool is_plain =
          is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '-' || c == '_' || c == '.' || c == '~';
      if (is_plain)
        dump += c;
      else
        dump += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    dump += fmt::format(" exp={} la={} cas={} fetch={} cls=1 size={}\n", item.expires_at == 0 ? -1 : item.expires_at,
                        item.used_at, item.unique, item.fetched ? "yes" : "no", 50 + item.value.size());
  }
  return dump + "END\r\n";
}

// -- Items ---------------------------------------------------------------------------------------------------------

ModelMemcached::Item* ModelMemcached::find(std::string_view key) {
  const auto found = items_.find(key);
  if (found == items_.end()) return nullptr;
  if (found->second.expires_at == 0 || found->second.expires_at > now_) return &found->second;
  items_.erase(found);
  return nullptr;
}

// 0 is never, a negative time has passed already, and beyond 30 days it is a date.
std::int64_t ModelMemcached::expiry_of(std::int64_t seconds) const {
  if (seconds == 0) return 0;
  if (seconds < 0) return now_;
  return seconds > kRelativeSecondsMost ? seconds : now_ + seconds;
}

void ModelMemcached::bump(Item& item) const {
  item.fetched = true;
  item.used_at = now_;
}

ModelMemcached::Stored ModelMemcached::store(std::string_view key, const Write& write) {
  Item* old = find(key);
  const bool is_change = write.mode == 'A' || write.mode == 'P';
  if (old == nullptr) {
    if (write.mode == 'R' || is_change) return Stored::kNotStored;
    if (write.mode == 'S' && write.is_cas) return Stored::kNotFound;
  } else if (write.mode == 'E') {
    return Stored::kNotStored;
  }
  const bool differs = old != nullptr && write.is_cas && write.unique != old->unique;
  const bool makes_stale =
      differs && write.mode == 'S' && write.invalidate && write.unique != 0 && write.unique < old->unique;
  if (differs && !makes_stale) return Stored::kExists;
  Item item;
  item.flags = write.flags;
  item.expires_at = write.expires_at;
  item.value = write.value;
  item.used_at = now_;
  item.unique = ++last_unique_;
  if (is_change) {
    item.value = write.mode == 'A' ? old->value + item.value : item.value + old->value;
    item.flags = old->flags;
    item.expires_at = old->expires_at;
    last_change_ = write.value;
  }
  if (makes_stale) {
    item.stale = true;
    item.sent = old->sent;
    item.expires_at = old->expires_at;
  }
  items_[std::string(key)] = std::move(item);
  return Stored::kStored;
}

// In place when the new number fits, behind which the rest is blanks; otherwise as a new item. False: no number.
bool ModelMemcached::add(Item& item, bool up, std::uint64_t amount) {
  std::string_view digits = item.value;
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  const auto before = parse_decimal(digits);
  if (!before) return false;
  const std::uint64_t after = up ? *before + amount : *before - std::min(*before, amount);
  std::string text = fmt::format("{}", after);
  item.unique = ++last_unique_;
  last_change_ = fmt::format("{}", amount);
  if (text.size() > item.value.size()) {
    item.sent = item.stale = item.fetched = false;
    item.value = std::move(text);
  } else {
    text.resize(item.value.size(), ' ');
    item.value = std::move(text);
  }
  return true;
}

// -- Classic commands ----------------------------------------------------------------------------------------------

std::string ModelMemcached::get(const Words& words, std::size_t first_key, bool with_unique, bool touch) {
  std::string reply;
  for (std::size_t i = first_key; i < words.size(); ++i) {
    Item* item = find(words[i]);
    if (item == nullptr) continue;
    if (touch) item->expires_at = expiry_of(number_of(words[1]));
    bump(*item);
    reply += fmt::format("VALUE {} {} {}", words[i], item->flags, item->value.size());
    if (with_unique) reply += fmt::format(" {}", item->unique);
    reply.append("\r\n").append(item->value).append("\r\n");
  }
  return reply + "END\r\n";
}

std::string ModelMemcached::storage(const Words& words, std::string_view value) {
  Write write{
      .value = value, .flags = number_of<std::uint32_t>(words[2]), .expires_at = expiry_of(number_of(words[3]))};
  if (words[0] == "add") write.mode = 'E';
  if (words[0] == "replace") write.mode = 'R';
  if (words[0] == "append") write.mode = 'A';
  if (words[0] == "prepend") write.mode = 'P';
  write.is_cas = words[0] == "cas";
  if (write.is_cas) write.unique = number_of<std::uint64_t>(words[5]);
  switch (store(words[1], write)) {
    case Stored::kStored:
      return "STORED\r\n";
    case Stored::kExists:
      return "EXISTS\r\n";
    case Stored::kNotFound:
      return "NOT_FOUND\r\n";
    case Stored::kNotStored:
      break;
  }
  return "NOT_STORED\r\n";
}

std::string ModelMemcached::remove(const Words& words) {
  if (find(words[1]) == nullptr) return "NOT_FOUND\r\n";
  items_.erase(items_.find(words[1]));
  return "DELETED\r\n";
}

std::string ModelMemcached::touch(const Words& words) {
  Item* item = find(words[1]);
  if (item == nullptr) return "NOT_FOUND\r\n";
  item->expires_at = expiry_of(number_of(words[2]));
  bump(*item);
  return "TOUCHED\r\n";
}

std::string ModelMemcached::arithmetic(const Words& words) {
  Item* item = find(words[1]);
  if (item == nullptr) return "NOT_FOUND\r\n";
  if (!add(*item, words[0] == "incr", number_of<std::uint64_t>(words[2]))) return std::string(kNonNumeric);
  return std::string(trim(item->value)) + "\r\n";
}

// -- Meta commands -------------------------------------------------------------------------------------------------

const std::string_view* ModelMemcached::Meta::find(char letter) const {
  const auto found = std::ranges::find_if(flags, [letter](std::string_view flag) { return flag.front() == letter; });
  return found == flags.end() ? nullptr : &*found;
}

std::int64_t ModelMemcached::Meta::number(char letter, std::int64_t otherwise) const {
  const std::string_view* flag = find(letter);
  return flag == nullptr ? otherwise : number_of(flag->substr(1));
}

std::string ModelMemcached::Meta::reply(std::string_view code) const {
  std::string line(code);
  for (std::string_view flag : flags) {
    if (flag.front() == 'O') line.append(" ").append(flag);
    if (flag.front() == 'k') line.append(" ").append(flag);
  }
  return line + "\r\n";
}

std::string ModelMemcached::meta_command(const Words& words, std::string_view value) {
  const char verb = words[0][1];
  const std::size_t first_flag = verb == 's' ? 3 : 2;
  if (words.size() < first_flag) return complain("a meta command without a size");
  const Meta meta(Words(words.begin() + static_cast<std::ptrdiff_t>(first_flag), words.end()));
  if (meta.has('q') || meta.has('b')) complain("a meta command with a flag that the model does not know");
  // "k" is given back with the key behind it.
  const std::string key_flag = fmt::format("k{}", words[1]);
  Meta named = meta;
  for (std::string_view& flag : named.flags) {
    if (flag == "k") flag = key_flag;
  }
  switch (verb) {
    case 'g':
      return meta_get(words[1], named);
    case 's':
      return meta_set(words[1], value, named);
    case 'd':
      return meta_delete(words[1], named);
    case 'a':
      return meta_arithmetic(words[1], named);
    default:
      return complain(fmt::format("an unknown command: {}", words[0]));
  }
}

// What a flag of a retrieval tells of the item, with a space before it.
std::string ModelMemcached::flag_of(const Item& item, std::string_view flag, char letter) const {
  switch (letter) {
    case 's':
      return fmt::format(" s{}", item.value.size());
    case 't':
      return item.expires_at == 0 ? std::string(" t-1") : fmt::format(" t{}", item.expires_at - now_);
    case 'c':
      return fmt::format(" c{}", item.unique);
    case 'f':
      return fmt::format(" f{}", item.flags);
    case 'l':
      return fmt::format(" l{}", now_ - item.used_at);
    case 'h':
      return item.fetched ? " h1" : " h0";
    case 'O':
    case 'k':
      return fmt::format(" {}", flag);
    default:
      return {};
  }
}

std::string ModelMemcached::meta_get(std::string_view key, const Meta& meta) {
  Item* item = find(key);
  bool won = false;
  const bool is_new = item == nullptr && meta.has('N');
  if (item == nullptr && !is_new) return meta.reply("EN");
  if (is_new) {
    item = &items_[std::string(key)];
    item->unique = ++last_unique_;
    item->used_at = now_;
  }
  std::string flags;
  for (std::string_view flag : meta.flags) {
    const char letter = flag.front();
    if (letter == 'T') item->expires_at = expiry_of(number_of(flag.substr(1)));
    if (letter == 'N' && is_new) item->expires_at = expiry_of(number_of(flag.substr(1)));
    won |= letter == 'N' && is_new;
    won |= letter == 'R' && !is_new && !item->sent && item->expires_at != 0 &&
           item->expires_at < expiry_of(number_of(flag.substr(1)));
    flags += flag_of(*item, flag, letter);
  }
  if (item->sent) flags += " Z";
  if (item->stale) flags += " X";
  won |= item->stale && !item->sent;
  if (won) flags += " W";
  item->sent |= won;
  bump(*item);
  if (!meta.has('v')) return "HD" + flags + "\r\n";
  return fmt::format("VA {}{}\r\n{}\r\n", item->value.size(), flags, item->value);
}

std::string ModelMemcached::meta_set(std::string_view key, std::string_view value, const Meta& meta) {
  Write write{.value = value,
              .flags = static_cast<std::uint32_t>(meta.number('F', 0)),
              .expires_at = expiry_of(meta.number('T', 0)),
              .is_cas = meta.has('C'),
              .unique = static_cast<std::uint64_t>(meta.number('C', 0)),
              .invalidate = meta.has('I')};
  for (std::string_view flag : meta.flags) {
    if (flag.front() == 'M' && flag.size() > 1) write.mode = flag[1];
  }
  static constexpr std::string_view kCodes[] = {"HD", "NS", "EX", "NF"};  // in the order of Stored
  const Stored stored = store(key, write);
  std::string line(kCodes[static_cast<int>(stored)]);
  for (std::string_view flag : meta.flags) {
    if (flag == "c") line += fmt::format(" c{}", stored == Stored::kStored ? last_unique_ : 0);
    if (flag.front() == 'O' || flag.front() == 'k') line.append(" ").append(flag);
  }
  return line + "\r\n";
}

std::string ModelMemcached::meta_delete(std::string_view key, const Meta& meta) {
  Item* item = find(key);
  if (item == nullptr) return meta.reply("NF");
  if (meta.has('C') && item->unique != static_cast<std::uint64_t>(meta.number('C', 0))) return meta.reply("EX");
  if (meta.has('I')) {
    if (meta.has('T')) item->expires_at = expiry_of(meta.number('T', 0));
    item->stale = true;
    item->sent = false;
    item->unique = ++last_unique_;
  } else {
    items_.erase(items_.find(key));
  }
  return meta.reply("HD");
}

std::string ModelMemcached::meta_arithmetic(std::string_view key, const Meta& meta) {
  Item* item = find(key);
  if (item == nullptr && !meta.has('N')) return meta.reply("NF");
  if (item == nullptr) {
    item = &items_[std::string(key)];
    item->unique = ++last_unique_;
    item->value = fmt::format("{}", meta.number('J', 0));
    item->expires_at = expiry_of(meta.number('N', 0));
    item->used_at = now_;
  } else {
    if (meta.has('C') && item->unique != static_cast<std::uint64_t>(meta.number('C', 0))) return meta.reply("EX");
    const std::size_t size_before = item->value.size();
    const bool down = std::ranges::any_of(meta.flags, [](std::string_view flag) { return flag.starts_with("MD"); });
    if (!add(*item, !down, static_cast<std::uint64_t>(meta.number('D', 1)))) return std::string(kNonNumeric);
    // A number that grew longer is a new item, and memcached gives the time to the old one.
    if (meta.has('T') && item->value.size() == size_before) item->expires_at = expiry_of(meta.number('T', 0));
  }
  const std::string_view digits = trim(item->value);
  std::string flags;
  for (std::string_view flag : meta.flags) {
    const char letter = flag.front();
    if (letter == 't' || letter == 'c' || letter == 'O' || letter == 'k') flags += flag_of(*item, flag, letter);
  }
  if (!meta.has('v')) return "HD" + flags + "\r\n";
  return fmt::format("VA {}{}\r\n{}\r\n", digits.size(), flags, digits);
}

}  // namespace tenfold::simulator
