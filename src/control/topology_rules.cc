// SPDX-License-Identifier: Apache-2.0
#include "control/topology_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/limits.h"
#include "control/file_text.h"
#include "control/keys.h"

namespace tenfold::control {
namespace {

using cluster::Service;

Location marked(const Span& span) {
  Location at = span.begin;
  if (span.begin.line == span.end.line && span.end.column > span.begin.column)
    at.length = span.end.column - span.begin.column;
  return at;
}

// Whether two listeners take the same connections: the same address, or one of them all addresses of that port.
bool collide(const Address& a, const Address& b) {
  if (a.is_unix() || b.is_unix()) return a == b;
  if (a.port() != b.port() || a.port() == 0) return false;
  return a == b || (a.family() == b.family() && (a.is_wildcard() || b.is_wildcard()));
}

// Whether a connection to `node` ends at `listener` of this machine.
bool reaches(const Address& node, const Address& listener) {
  if (node == listener) return true;
  return !node.is_unix() && listener.is_wildcard() && node.port() == listener.port() &&
         (node.is_loopback() || node.is_wildcard());
}

class Rules {
 public:
  explicit Rules(LoadedTopology& loaded) : loaded_(loaded), out_(loaded.diagnostics) {}

  void check() {
    const auto& services = loaded_.topology.services;
    if (services.empty()) out_.error({}, "the file has no service", "write [web.NAME] with listen and nodes");
    if (services.size() > limits::kServicesMost) {
      out_.error(place(services.size() - 1).header,
                 fmt::format("there are more than {} services", limits::kServicesMost));
      return;
    }
    for (std::size_t i = 0; i < services.size(); ++i) {
      check_contents(i);
      check_nodes(i);
      check_listeners(i);
    }
    check_admin();
    check_folder("access_log", loaded_.topology.run.access_log, "-", "tenfold run refuses to start");
    check_folder("state_file", loaded_.topology.run.state_file, "auto",
                 "the next start would not know which nodes of caches had the keys");
  }

 private:
  const ServicePlaces& place(std::size_t i) const { return loaded_.places.services[i]; }

  Location key_place(std::size_t i, std::string_view key) const {
    const auto found = place(i).keys.find(key);
    return found == place(i).keys.end() ? place(i).header : marked(found->second);
  }

  void check_contents(std::size_t i) {
    const Service& service = loaded_.topology.services[i];
    if (service.tier == cluster::Tier::kWeb) check_web(i, service, service.web());
    if (service.tier == cluster::Tier::kCache) check_cache(i, service, service.cache());
  }

  void check_web(std::size_t i, const Service& service, const cluster::WebSettings& web) {
    if (web.root.empty() && service.nodes.empty())
      out_.error(place(i).header, fmt::format("{} has no nodes", service.full_name()),
                 "write nodes = [\"IP:PORT\"], or root = \"/folder\"");
    if (!web.root.empty() && !service.nodes.empty())
      out_.error(key_place(i, "root"), fmt::format("{} has both nodes and a root", service.full_name()),
                 "split it into two services");
    if (!web.root.empty() && !is_folder(web.root))
      out_.error(key_place(i, "root"), fmt::format("{} is not a folder", web.root), "create it, or correct the path");
    if (web.index.empty() || web.index.find('/') != web.index.npos || web.index.starts_with('.'))
      out_.error(key_place(i, "index"), "'index' is the name of a file", "for example index = \"index.html\"");
    check_redirects(i, service, web);
    const std::uint32_t workers = loaded_.topology.run.workers;
    if (web.node_connections < workers)
      out_.warning(key_place(i, "node_connections"),
                   fmt::format("each of {} workers may have a request under way: {} in all", workers, workers),
                   fmt::format("write at least {}, or set workers = {} in [run]", workers, web.node_connections));
    if (service.health.status_min > service.health.status_max)
      out_.error(key_place(i, "health.status_min"), "status_min is above status_max", "swap them");
  }

  // A client is sent to a URL, and none leads to a Unix socket of ours.
  void check_redirects(std::size_t i, const Service& service, const cluster::WebSettings& web) {
    if (web.mode != cluster::WebMode::kRedirect) return;
    for (std::size_t k = 0; k < service.nodes.size(); ++k) {
      const cluster::NodeSpec& node = service.nodes[k];
      if (!node.address.is_unix() || !node.public_url.empty()) continue;
      const std::string address = node.address.to_text();
      out_.error(marked(place(i).node_entries[k]), fmt::format("no client can be sent to {}, a Unix socket", address),
                 fmt::format("write {{ address = {}, public = \"http://HOST\" }}, or an IP:PORT that clients reach",
                             quoted(address)));
    }
  }

  void check_cache(std::size_t i, const Service& service, const cluster::CacheSettings& cache) {
    if (service.nodes.empty()) check_built_in(i, service, cache);
    if (!service.nodes.empty() && place(i).keys.contains("memory"))
      out_.warning(key_place(i, "memory"), "this is the memory of the built-in cache, and the service has nodes",
                   "remove it, or remove the nodes");
    if (cache.protocol == cluster::CacheProtocol::kMemcached &&
        !(cache.password.empty() && cache.node_password.empty()))
      out_.error(key_place(i, cache.password.empty() ? "node_password" : "password"),
                 "clients and nodes of memcached have no passwords here", "remove it, or set protocol = \"redis\"");
    if (cache.protocol == cluster::CacheProtocol::kMemcached && !service.nodes.empty() &&
        cache.persistent.value_or(false))
      out_.error(key_place(i, "persistent"), "memcached keeps nothing: it is no store", "remove it");
    check_unix_nodes(i, service, cache);
    check_stale(i, cache);
    check_routes(i, service, cache);
    const bool is_open = std::ranges::any_of(service.listeners, [](const Address& at) { return !at.is_loopback(); });
    if (is_open && cache.password.empty())
      out_.warning(key_place(i, "listen"), "whoever reaches this address can read and change the cache",
                   "listen on 127.0.0.1 or a private network's address, behind a firewall");
  }

  void check_unix_nodes(std::size_t i, const Service& service, const cluster::CacheSettings& cache) {
    if (cache.protocol != cluster::CacheProtocol::kRedis || service.nodes.size() < 2) return;
    for (std::size_t k = 0; k < service.nodes.size(); ++k) {
      if (!service.nodes[k].address.is_unix()) continue;
      out_.warning(marked(place(i).node_entries[k]), "keys cannot be moved to a Redis node at a Unix socket",
                   "write its IP:PORT: the other nodes hand it keys with MIGRATE, which needs a host and a port");
    }
  }

  void check_stale(std::size_t i, const cluster::CacheSettings& cache) {
    if (cache.lease_stale == Duration::zero()) return;
    const bool is_redis = cache.protocol == cluster::CacheProtocol::kRedis;
    if (cache.lease == Duration::zero())
      out_.error(key_place(i, "lease_stale"), "nobody waits for a value here, so nobody gets an old one instead",
                 "write lease = \"2s\" too");
    else if (is_redis && cache.is_store())
      out_.error(key_place(i, "lease_stale"), "in a store, a key that is missing is gone, and nobody fills it",
                 "remove it, or write persistent = false: then a node that fails loses its keys to the others");
    else if (is_redis && !cache.lease_stale_deleted)
      out_.error(key_place(i, "lease_stale"),
                 "what scripts, transactions and commands of several keys delete in Redis cannot be told from what has "
                 "expired",
                 "write lease_stale_deleted = true if clients may get what was deleted, or remove it");
  }

  void check_built_in(std::size_t i, const Service& service, const cluster::CacheSettings& cache) {
    if (place(i).keys.contains("nodes"))
      out_.error(key_place(i, "nodes"), fmt::format("{} has no nodes", service.full_name()),
                 "write nodes = [\"IP:PORT\"], or remove the key: then the built-in cache serves");
    if (cache.persistent.value_or(false))
      out_.error(key_place(i, "persistent"), "the built-in cache keeps nothing: what it holds is lost with the process",
                 "remove it, or name Redis servers in nodes");
    if (!cache.node_password.empty())
      out_.error(key_place(i, "node_password"), "there are no nodes to log in to", "remove it, or write nodes");
  }

  void check_routes(std::size_t i, const Service& service, const cluster::CacheSettings& cache) {
    for (const cluster::CacheRoute& route : cache.routes) {
      const Location at = key_place(i, "routes." + route.prefix);
      const Service* target = loaded_.topology.find(route.service);
      if (target == nullptr || target->tier != cluster::Tier::kCache) {
        const std::vector<std::string> names = cache_full_names();
        out_.error(at, fmt::format("there is no cache service '{}'", route.service),
                   nearest_name_help(route.service, {names.begin(), names.end()}));
      } else if (target->cache().protocol != cache.protocol) {
        out_.error(at, fmt::format("{} speaks another protocol than {}", route.service, service.full_name()),
                   "route to a service of the same protocol");
      } else if (leads_to(*target, service.full_name())) {
        out_.error(at, fmt::format("the route to {} leads back to {}", route.service, service.full_name()),
                   "break the circle");
      }
    }
  }

  std::vector<std::string> cache_full_names() const {
    std::vector<std::string> names;
    for (const Service& service : loaded_.topology.services) {
      if (service.tier == cluster::Tier::kCache) names.push_back(service.full_name());
    }
    return names;
  }

  // Whether routes lead from one service to another.
  bool leads_to(const Service& from, std::string_view to) const {
    std::vector<const Service*> reached = {&from};
    for (std::size_t i = 0; i < reached.size(); ++i) {
      if (reached[i]->full_name() == to) return true;
      for (const cluster::CacheRoute& route : reached[i]->cache().routes) {
        const Service* next = loaded_.topology.find(route.service);
        const bool is_cache = next != nullptr && next->tier == cluster::Tier::kCache;
        if (is_cache && std::ranges::count(reached, next) == 0) reached.push_back(next);
      }
    }
    return false;
  }

  void check_nodes(std::size_t i) {
    const Service& service = loaded_.topology.services[i];
    if (service.nodes.size() > limits::kNodesPerServiceMost) {
      out_.error(key_place(i, "nodes"), fmt::format("there are more than {} nodes", limits::kNodesPerServiceMost),
                 "split the service");
      return;
    }
    Identities known;
    for (std::size_t k = 0; k < service.nodes.size(); ++k) {
      const Address& address = service.nodes[k].address;
      const Location at = marked(place(i).node_entries[k]);
      const bool unread = !address.is_unix() && address.port() == 0;
      if (unread) {
        // A value that was refused already left the port at 0; one that says 0 was not.
        if (!has_error_at(at.line)) out_.error(at, "a node's port cannot be 0", "write the port that it listens on");
        continue;
      }
      if (address.is_wildcard()) {
        out_.error(at, fmt::format("{} is no node's address, but all of a machine's", address.to_text()),
                   fmt::format("write the address that it listens on, like \"127.0.0.1:{}\"", address.port()));
        continue;
      }
      check_identity(service.nodes[k], at, known);
      check_own_addresses(address, at);
    }
    const bool all_weightless =
        !service.nodes.empty() && std::ranges::all_of(service.nodes, [](const auto& node) { return node.weight == 0; });
    if (all_weightless) out_.error(key_place(i, "nodes"), "every node has weight 0", "give one of them a weight");
  }

  // A node is another program: neither a listener of tenfold, nor its admin API, which whoever reaches the service
  // would command then.
  void check_own_addresses(const Address& node, Location at) {
    for (const Service& other : loaded_.topology.services) {
      for (const Address& listener : other.listeners) {
        if (reaches(node, listener))
          out_.error(at, fmt::format("the node {} is the listener of {}", node.to_text(), other.full_name()),
                     "a service cannot be its own node");
      }
    }
    if (reaches(node, loaded_.topology.admin.listen))
      out_.error(at, fmt::format("the node {} is the admin API", node.to_text()),
                 "whoever reaches the service could change what runs: write the address of an application server");
  }

  struct Identities {
    std::set<Address> addresses;
    std::map<std::string, Address> names;
  };

  // A node is known by its address, and by its name where a ring hashes that: neither may be another's.
  void check_identity(const cluster::NodeSpec& node, Location at, Identities& known) {
    if (!known.addresses.insert(node.address).second) {
      out_.error(at, fmt::format("the node {} is listed twice", node.address.to_text()), "remove one of them");
      return;
    }
    const auto [same, is_new] = known.names.try_emplace(name_in_ring(node), node.address);
    if (!is_new)
      out_.error(
          at, fmt::format("the ring knows the node {} by the name {} too", same->second.to_text(), quoted(same->first)),
          "give one of them another name: a ring tells nodes apart by it");
  }

  static std::string name_in_ring(const cluster::NodeSpec& node) {
    return node.ring_name.empty() ? node.address.to_text() : node.ring_name;
  }

  bool has_error_at(std::uint32_t line) const {
    return std::ranges::any_of(out_.all(), [line](const Diagnostic& d) { return d.at.line == line; });
  }

  void check_listeners(std::size_t i) {
    const Service& service = loaded_.topology.services[i];
    for (std::size_t k = 0; k < service.listeners.size(); ++k) {
      const Address& listener = service.listeners[k];
      const Location at = k < place(i).listeners.size() ? marked(place(i).listeners[k]) : place(i).header;
      if (!listener.is_unix() && listener.port() == 0) out_.error(at, "a listener's port cannot be 0", "choose a port");
      for (std::size_t before = 0; before <= i; ++before) {
        const Service& other = loaded_.topology.services[before];
        if (before == i) {
          for (std::size_t earlier = 0; earlier < k; ++earlier) {
            if (collide(listener, service.listeners[earlier]))
              out_.error(at, "the service listens here twice", "remove one of them");
          }
        } else {
          check_pair(service, listener, at, other);
        }
      }
      if (collide(listener, loaded_.topology.admin.listen))
        out_.error(at, "the admin API listens here", "choose another port for one of them");
    }
  }

  void check_pair(const Service& service, const Address& listener, Location at, const Service& other) {
    for (const Address& theirs : other.listeners) {
      if (!collide(listener, theirs)) continue;
      if (listener != theirs) {
        out_.error(at,
                   fmt::format("{} takes connections that {} of {} takes", listener.to_text(), theirs.to_text(),
                               other.full_name()),
                   "write both listeners alike, or choose another port");
      } else if (service.tier != cluster::Tier::kWeb || other.tier != cluster::Tier::kWeb) {
        out_.error(at, fmt::format("{} listens here too", other.full_name()), "only web services share a listener");
      } else if (service.web().host == other.web().host && same_path(service.web().path, other.web().path)) {
        out_.error(at, fmt::format("{} answers the same listener, host and path", other.full_name()),
                   "give one of them another host or path");
      }
    }
  }

  static bool same_path(std::string_view a, std::string_view b) {
    if (a.ends_with('/')) a.remove_suffix(1);
    if (b.ends_with('/')) b.remove_suffix(1);
    return a == b;
  }

  void check_admin() {
    const cluster::AdminSettings& admin = loaded_.topology.admin;
    const auto found = loaded_.places.admin.find("listen");
    const Location at = found == loaded_.places.admin.end() ? Location() : marked(found->second);
    if (!admin.listen.is_unix() && admin.listen.port() == 0)
      out_.error(at, "the port of the admin API cannot be 0", "choose a port: tenfold's commands must find it");
    if (admin.listen.is_loopback() || !admin.token.empty()) return;
    out_.error(at, fmt::format("the admin API would be open to the network at {}", admin.listen.to_text()),
               "set token = \"env:NAME\" in [admin], or listen on 127.0.0.1 or a Unix socket");
  }

  // Of a file that is yet to be written, its folder must be there: a warning, for the file may be meant for another
  // machine, and what runs already has it open.
  void check_folder(std::string_view key, const std::string& file, std::string_view no_file, std::string_view else_) {
    const auto found = loaded_.places.run.find(key);
    const std::size_t slash = file.rfind('/');
    if (found == loaded_.places.run.end() || file == no_file || slash == file.npos) return;
    const std::string folder = file.substr(0, std::max<std::size_t>(slash, 1));
    if (!is_folder(folder))
      out_.warning(marked(found->second), fmt::format("{} is not a folder: {}", folder, else_),
                   "create it, or correct the path");
  }

  LoadedTopology& loaded_;
  Diagnostics& out_;
};

}  // namespace

void check_rules(LoadedTopology& loaded) {
  Rules(loaded).check();
}

}  // namespace tenfold::control
