// hal9000-auth as a server.
#pragma once

#include <hal/app/app.hpp>

namespace auth {

/// Opens database and key, and serves auth.Auth until the process has drained. For hal::run.
hal::Task<hal::Result<>> serve(hal::App& app);

}  // namespace auth
