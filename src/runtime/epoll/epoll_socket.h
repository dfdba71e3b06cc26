// SPDX-License-Identifier: Apache-2.0
// What the epoll back end knows of one socket. Readiness is edge triggered: the flags remember the last edge, and are
// cleared by a call that would block, or by a short read.
#pragma once

#include "runtime/operation.h"
#include "runtime/socket.h"

namespace tenfold::runtime::epoll {

struct EpollSocket final : SocketState {
  int descriptor = -1;
  bool registered = false;  // known to epoll; done when first needed
  bool readable = true;     // a receive or accept may give something
  bool writable = true;     // a send may take something
  bool hung_up = false;     // the peer has ended its side, or the connection broke: reads go on to the end
  bool broken = false;      // nothing reaches the peer any more
  bool listening = false;
  int accepts_in_a_row = 0;     // of a listener: without standing in line
  bool closed = false;          // freed at the end of the turn, after the last event that may name it
  Operation* reader = nullptr;  // kAccept or kRecv
  Operation* writer = nullptr;  // kConnect, kSend or kSendFile
  EpollSocket* next_closed = nullptr;
};

}  // namespace tenfold::runtime::epoll
