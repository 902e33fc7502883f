// System: the programs of one `hal up`, started in order, drained in the opposite one.
#pragma once

#include <hal/cli/child.hpp>
#include <hal/cli/session.hpp>
#include <hal/config/environment.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace hal::cli {

struct SystemOptions {
  std::string programs_folder{};  ///< where hal and the services' programs are
  std::string local_folder{};     ///< registry and logs
  std::uint16_t api_port = 8080;
  std::uint16_t otlp_port = 4318;
  std::uint16_t otlp_grpc_port = 4317;
  std::uint16_t zipkin_port = 9411;
  std::uint16_t query_port = 16686;
  std::chrono::seconds start_timeout{30};
};

/// One thread, which also runs the session's loop.
class System {
 public:
  System(const config::Environment& environment, SystemOptions options);

  /// Starts all and waits until each is in the registry. A port that is taken is left for the next
  /// free one, which notes() tell. The auth service has a database of its own for this run, with
  /// one user. The error names the program, and the end of its log.
  Task<Result<>> start(Session* session);

  /// Drains: api, auth, greeter, collector; kills what has not ended after `patience`.
  Task<> stop(Duration patience);

  /// The first program that has ended by itself: "hal9000-api ended: exit code 1".
  [[nodiscard]] std::optional<std::string> dead();

  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  [[nodiscard]] std::string api_url() const;
  [[nodiscard]] std::string query_url() const;
  [[nodiscard]] std::string otlp_url() const;
  [[nodiscard]] std::string otlp_grpc_address() const;
  [[nodiscard]] std::string zipkin_url() const;
  [[nodiscard]] std::string greeter_address() const;
  [[nodiscard]] std::string log_path(std::string_view service) const;

  /// Who may log in, as long as it runs: an admin with a new password each time.
  static constexpr std::string_view kDemoUser = "demo";
  [[nodiscard]] const std::string& demo_password() const noexcept { return demo_password_; }

 private:
  using Variables = std::map<std::string, std::string>;
  [[nodiscard]] std::string collector_metadata(const char* key) const;
  Task<Result<>> start_collector(Session* session);
  Task<Result<>> start_auth(Session* session, Variables variables);
  Task<Result<>> add_demo_user(const Variables& variables);
  Task<Result<>> wait_until_ready(Session* session, std::string service);
  [[nodiscard]] Status too_late(std::string_view what) const;
  [[nodiscard]] std::string auth_folder() const;
  [[nodiscard]] Command command_for(std::string service, std::string program,
                                    std::vector<std::string> arguments, Variables variables) const;
  Task<Result<>> start_one(Session* session, std::string service, std::string program,
                           std::vector<std::string> arguments, Variables variables);
  Task<Result<service::Node>> wait_for(Session* session, std::string service);
  Result<std::uint16_t> choose_port(std::string_view what, std::uint16_t wanted);
  [[nodiscard]] std::string log_end(std::string_view service) const;

  const config::Environment& environment_;
  const SystemOptions options_;
  std::string demo_password_;
  std::vector<Child> children_;
  std::map<std::string, service::Node, std::less<>> nodes_;
  std::vector<std::string> notes_;
  std::set<std::uint16_t> chosen_ports_;
};

}  // namespace hal::cli
