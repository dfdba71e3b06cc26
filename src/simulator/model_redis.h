// SPDX-License-Identifier: Apache-2.0
// A model of Redis 7.0: strings, lists, counters, times to live, transactions, commands that block, pub/sub, tracking,
// SCAN, DUMP and RESTORE, the two steps of MIGRATE, and users who may do no more than that, in RESP2 and RESP3. It
// executes one command at a time and knows nothing of a network. What it answers is compared with the real Redis by
// tests/cache_model_test.py; its DUMP is in a format of its own.
// Thread rule: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenfold::simulator {

class ModelRedis {
 public:
  using Arguments = std::span<const std::string_view>;

  /// A command that waits for a list to have something.
  struct Waiting {
    std::size_t database = 0;
    std::vector<std::string> keys;
    bool left = false;
    std::int64_t until_ms = 0;  // 0: for ever
  };

  /// What a connection has said of itself, its transaction, and what it waits for.
  struct Session {
    std::int64_t id = 0;             // not 0 of one that was opened
    std::optional<Waiting> waiting;  // nothing more of it is executed meanwhile
    std::set<std::string> channels;
    std::set<std::string> patterns;
    bool tracks = false;      // it is told of the keys that it has read, when they change
    bool tracks_all = false;  // or of all keys
    std::string out;          // what it is told beside its own replies: messages, and what it has waited for
    bool logged_in = false;
    std::string move_user;   // that it is logged in as; empty: the default user
    bool is_killed = false;  // it is closed, and nothing more of it is executed
    bool resp3 = false;
    std::size_t database = 0;
    bool in_transaction = false;
    bool spoiled = false;  // it made a mistake behind MULTI
    std::vector<std::vector<std::string>> queued;
    /// Keys of its database, with how often each had been changed by then.
    std::map<std::string, std::uint64_t> watched;
  };

  /// Keys on their way to another Redis: it is sent `request`, and answers `replies` times.
  struct Migration {
    std::string host;
    std::string port;
    std::int64_t timeout_ms = 0;
    std::string request;
    std::size_t replies_before = 0;  // of AUTH and SELECT
    std::size_t database = 0;        // that they are in here
    std::vector<std::string> keys;
  };

  /// Asked of clients by AUTH; empty: none.
  explicit ModelRedis(std::string password = "") : password_(std::move(password)) {}

  /// Appends the reply. MIGRATE is not for this; see below.
  void execute(Arguments arguments, Session& session, std::int64_t now_ms, std::string& reply);

  /// What MIGRATE has to send; nothing, with the reply, when it ends at once (+NOKEY, or an error).
  std::optional<Migration> begin_migration(Arguments arguments, const Session& session, std::int64_t now_ms,
                                           std::string& reply);
  /// The target's replies, each whole; fewer when the connection broke. Keys that it has stored go from here.
  void end_migration(const Migration& migration, std::span<const std::string> replies, std::string& reply);

  /// From now on others may have something for the session; it outlives close().
  void open(Session& session);
  void close(Session& session);
  /// It is killed: all connections are gone at once, and the users that it was told of.
  void close_all() {
    sessions_.clear();
    waiting_.clear();
    move_users_.clear();
    readers_.clear();
    ++runs_;
  }
  /// The time of what it waits for is over.
  void time_out(Session& session);

  void clear();
  std::size_t size() const;

  /// The keys that the last command, or those of the transaction that it ended, name first.
  const std::vector<std::string>& last_keys() const { return last_keys_; }
  /// What they changed their keys by, where doing so twice would be wrong.
  const std::vector<std::string>& last_changes() const { return last_changes_; }
  /// A command that the model does not know; empty when there was none.
  const std::string& complaint() const { return complaint_; }

 private:
  struct Item {
    bool is_list = false;
    std::string text;
    std::deque<std::string> list;
    std::int64_t expires_at_ms = 0;  // 0: never
  };
  struct Call {
    Arguments words;
    Session& session;
    std::string& reply;
  };
  using Handler = void (ModelRedis::*)(Call& call);
  enum class Reads : std::uint8_t { kNothing, kOneKey, kAllKeys };
  struct Command {
    std::string_view name;
    Handler handler;
    int arity;  // with the name; negative: at least
    bool has_key;
    Reads reads = Reads::kNothing;  // and changes nothing
  };
  static const std::vector<Command>& commands();
  static const Command* find_command(Arguments arguments);
  static bool is_queued(const Session& session, const Command& command);
  bool may_run(const Session& session, const Command& command) const;

  void run(const Command& command, Arguments arguments, Session& session, std::string& reply);
  Item* find(std::string_view key);
  void drop_expired();
  Item* find_string(Call& call, std::string_view key, bool& is_wrong);
  Item& put(std::string_view key);
  void erase(std::string_view key);
  void changed(std::string_view key);
  void note_read(const Command& command, Arguments arguments, const Session& session);
  void tell_trackers();
  std::string pop_from(std::string_view key, bool left);
  bool take_for(const Waiting& waiting, std::string& reply);
  void serve_waiting();
  static std::string dump_of(const Item& item);
  static std::optional<Item> item_of(std::string_view dump);

  void ping(Call& call);
  void dump_functions(Call& call);
  void echo(Call& call);
  void auth(Call& call);
  void hello(Call& call);
  void select(Call& call);
  void get(Call& call);
  void set(Call& call);
  void set_if_absent(Call& call);
  void set_with_expiry(Call& call);
  void get_set(Call& call);
  void get_and_delete(Call& call);
  void get_many(Call& call);
  void set_many(Call& call);
  void remove(Call& call);
  void exists(Call& call);
  void add(Call& call);
  void append(Call& call);
  void length(Call& call);
  void expire(Call& call);
  void persist(Call& call);
  void time_left(Call& call);
  void type(Call& call);
  void push(Call& call);
  void pop(Call& call);
  void list_length(Call& call);
  void range(Call& call);
  void size_of_all(Call& call);
  void scan(Call& call);
  void info(Call& call);
  void flush(Call& call);
  void dump(Call& call);
  void restore(Call& call);
  void blocking_pop(Call& call);
  void acl(Call& call);
  void set_user(Call& call);
  void delete_users(Call& call);
  void client(Call& call);
  void track(Call& call);
  void publish(Call& call);
  void subscribe(Call& call);
  void unsubscribe(Call& call);
  void multi(Call& call);
  void exec(Call& call);
  void discard(Call& call);
  void watch(Call& call);
  void unwatch(Call& call);

  struct Database {
    std::map<std::string, Item, std::less<>> items;
    std::map<std::string, std::uint64_t, std::less<>> changes_of_keys;  // since the start: how many
  };
  static constexpr std::size_t kDatabases = 16;
  struct MoveUser {
    std::string password;
    bool may_move;  // else it may log in, and nothing more
  };

  std::string password_;
  std::map<std::string, MoveUser, std::less<>> move_users_;
  std::array<Database, kDatabases> databases_;
  std::size_t database_ = 0;  // of the command at hand
  Database& here() { return databases_[database_]; }
  std::int64_t now_ms_ = 0;
  std::map<std::int64_t, Session*> sessions_;
  std::deque<Session*> waiting_;  // those that wait, the longest first
  std::int64_t last_id_ = 0;
  bool in_exec_ = false;                                                // nothing blocks there
  std::map<std::string, std::set<std::int64_t>, std::less<>> readers_;  // who is to be told of a key
  std::vector<std::string> changed_;                                    // of what nobody was told yet
  bool flushed_ = false;                                                // nor of this
  std::vector<std::string> last_keys_;
  std::vector<std::string> last_changes_;
  std::string complaint_;
  int runs_ = 1;
};

}  // namespace tenfold::simulator
