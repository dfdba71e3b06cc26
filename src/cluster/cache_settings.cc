// SPDX-License-Identifier: Apache-2.0
#include "cluster/cache_settings.h"

namespace tenfold::cluster {

std::string_view name_of(CacheProtocol protocol) {
  return protocol == CacheProtocol::kRedis ? "redis" : "memcached";
}

std::string_view name_of(RingPolicy policy) {
  switch (policy) {
    case RingPolicy::kRendezvous:
      return "rendezvous";
    case RingPolicy::kKetama:
      return "ketama";
    case RingPolicy::kKetamaPlain:
      return "ketama-plain";
    case RingPolicy::kTwemproxy:
      return "twemproxy";
    case RingPolicy::kModula:
      return "modula";
    case RingPolicy::kTwemproxyModula:
      return "twemproxy-modula";
  }
  return "unknown";
}

}  // namespace tenfold::cluster
