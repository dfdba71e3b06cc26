// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/ask.h"

#include "runtime/wait_queue.h"

namespace tenfold::cache {
namespace {

// Lives in the coroutine that asks, which stays until it is told.
class Question final : public Pending {
 public:
  void on_reply(Reply& reply) override {
    end({.arrived = true, .never_sent = false, .text = std::string(reply.bytes)});
  }
  void on_failure(const LinkFailure& failure) override {
    end({.arrived = false, .never_sent = failure.never_sent, .text = std::string(failure.text)});
  }

  bool ended = false;
  Answer answer;
  runtime::WaitQueue told;

 private:
  void end(Answer with) {
    answer = std::move(with);
    ended = true;
    told.wake_one();
  }
};

}  // namespace

runtime::Task<Answer> ask(runtime::Io& io, Link& link, std::string request) {
  Question question;
  if (!link.send(request, question)) {
    co_return Answer{.arrived = false, .never_sent = true, .text = std::string(link.problem())};
  }
  while (!question.ended) static_cast<void>(co_await question.told.wait(io, runtime::Wait(kNever, nullptr)));
  co_return std::move(question.answer);
}

}  // namespace tenfold::cache
