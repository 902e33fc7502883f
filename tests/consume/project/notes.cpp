#include "notes.hpp"

namespace notes {

hal::Task<hal::Result<Note>> Notes::ask(Note request) {
  greeter::SayRequest question;
  question.set_msg(request.text());
  const auto answer = co_await or_return(greeter_.say_hello(std::move(question)));
  Note reply;
  reply.set_text(answer.rsp());
  co_return reply;
}

hal::Task<hal::Result<Note>> Notes::relay(Note request) {
  co_return co_await self_.ask(std::move(request));
}

}  // namespace notes
