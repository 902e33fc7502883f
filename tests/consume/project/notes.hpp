#pragma once

#include <hal/app/app.hpp>

#include <greeter.hal.hpp>
#include <notes.hal.hpp>

namespace notes {

class Notes final : public NotesService {
 public:
  explicit Notes(hal::App& app)
      : greeter_{app.channel("hal9000-greeter")}, self_{app.channel("notes")} {}

  hal::Task<hal::Result<Note>> ask(Note request) override;
  hal::Task<hal::Result<Note>> relay(Note request) override;

 private:
  greeter::GreeterClient greeter_;
  NotesClient self_;
};

}  // namespace notes
