#include "commands.hpp"

#include "clock.hpp"
#include "options.hpp"
#include "password.hpp"
#include "prompt.hpp"
#include "store.hpp"

#include <hal/app/options.hpp>
#include <hal/identity/key_file.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;

constexpr std::int64_t kPageSize = 1'000;

struct CommandOptions {
  std::string role = "user";

  static void describe(hal::config::Fields& fields) {
    fields["role"].help("adduser: user or admin");
  }
};
BOOST_DESCRIBE_STRUCT(CommandOptions, (), (role))

struct Invocation {
  Files files;
  std::string user;  ///< canonical
  Role role;
  Missing missing;
};

Result<std::unique_ptr<Store>> open_store(const Invocation& invocation) {
  return Store::open(invocation.files.database, system_wall_clock, invocation.missing);
}

Result<std::string> ask_for_hash() {
  auto password = read_new_password();
  if (!password) return password;
  auto hash = hash_password(*password, {});
  wipe(*password);
  return hash;
}

Result<> add_user(const Invocation& invocation) {
  const auto store = open_store(invocation);
  if (!store) return hal::error(store.error());
  // Before somebody types a password for nothing; add_user() tells it for certain.
  const auto login = (*store)->find_login(invocation.user, std::nullopt);
  if (login && *login) {
    return hal::error(Code::kAlreadyExists,
                      fmt::format("there is a user {} already", invocation.user));
  }
  const auto hash = ask_for_hash();
  if (!hash) return hal::error(hash.error());
  auto added = (*store)->add_user(invocation.user, *hash, invocation.role);
  if (added) fmt::print("{} added, role {}\n", invocation.user, name(invocation.role));
  return added;
}

Result<> set_password(const Invocation& invocation) {
  const auto store = open_store(invocation);
  if (!store) return hal::error(store.error());
  const auto login = (*store)->find_login(invocation.user, std::nullopt);
  if (login && !*login) {
    return hal::error(Code::kNotFound, fmt::format("there is no user {}", invocation.user));
  }
  const auto hash = ask_for_hash();
  if (!hash) return hal::error(hash.error());
  auto set = (*store)->set_password(invocation.user, *hash);
  if (set) fmt::print("{} has a new password; tokens so far are revoked\n", invocation.user);
  return set;
}

Result<> delete_user(const Invocation& invocation) {
  const auto store = open_store(invocation);
  if (!store) return hal::error(store.error());
  auto deleted = (*store)->delete_user(invocation.user);
  if (deleted) fmt::print("{} deleted; tokens so far are revoked\n", invocation.user);
  return deleted;
}

Result<> list_users(const Invocation& invocation) {
  const auto store = open_store(invocation);
  if (!store) return hal::error(store.error());
  for (std::int64_t page = 1;; ++page) {
    const auto list = (*store)->list_users(page, kPageSize);
    if (!list) return hal::error(list.error());
    if (list->users.empty()) return {};
    for (const auto& user : list->users) {
      const std::chrono::sys_seconds created{std::chrono::seconds{user.created_at_s}};
      fmt::print("{}  {:<5}  {:%Y-%m-%dT%H:%M:%SZ}\n", user.name, name(user.role), created);
    }
  }
}

Result<> rotate(const Invocation& invocation) {
  const auto keys =
      hal::identity::KeyFile{invocation.files.key}.rotate(to_seconds(system_wall_clock()));
  if (!keys) return hal::error(keys.error());
  fmt::print("a new key signs, as soon as all can know it; tokens of the others stay valid\n");
  return {};
}

struct Command {
  std::string_view name;
  bool takes_user;
  Missing missing;  ///< the files: a mistyped name makes none
  Result<> (*run)(const Invocation&);
};
constexpr std::array kCommands{
    Command{"adduser", true, Missing::kMake, add_user},
    Command{"passwd", true, Missing::kRefuse, set_password},
    Command{"deluser", true, Missing::kRefuse, delete_user},
    Command{"list", false, Missing::kRefuse, list_users},
    Command{"rotate", false, Missing::kRefuse, rotate},
};

Result<const Command*> find_command(const std::vector<std::string>& words) {
  for (const auto& command : kCommands) {
    if (command.name != words.front()) continue;
    if (words.size() == (command.takes_user ? 2U : 1U)) return &command;
    return hal::error(Code::kInvalidArgument,
                      fmt::format("{}: {}", command.name,
                                  command.takes_user ? "name one user, and no password"
                                                     : "takes no further words"));
  }
  return hal::error(Code::kInvalidArgument,
                    fmt::format("there is no command {}:\n{}", words.front(), commands_help()));
}

/// What server and commands read alike: flags, variables, and the file that HAL_CONFIG names.
Result<AuthOptions> read_options(hal::config::Source& source, CommandOptions& own) {
  std::vector<hal::config::Setting> settings;
  const auto file = hal::config::read<hal::app::FileOptions>(source, &settings);
  if (!file) return hal::error(file.error());
  if (!file->config.empty()) {
    auto loaded = hal::config::File::load(file->config);
    if (!loaded) return hal::error(std::move(loaded.error()));
    source.file = std::move(*loaded);
  }
  auto options = hal::config::read<AuthOptions>(source, &settings);
  if (!options) return options;
  // Not from the environment: the next user would get the role, too.
  std::vector<hal::config::Setting> own_settings;
  if (auto read = hal::config::read_into(own, {.arguments = source.arguments}, &own_settings);
      !read) {
    return hal::error(std::move(read.error()));
  }
  settings.insert(settings.end(), own_settings.begin(), own_settings.end());
  const auto known = source.arguments.check_known(hal::config::flags_of(settings));
  if (!known) return hal::error(known.error());
  return options;
}

Result<> run(hal::config::Source source) {
  const auto& words = source.arguments.positional();
  const auto command = find_command(words);
  if (!command) return hal::error(command.error());
  CommandOptions own;
  const auto options = read_options(source, own);
  if (!options) return hal::error(options.error());
  const auto role = parse_role(own.role);
  if (!role) return hal::error(role.error().with_prefix("--role"));
  const auto user = (*command)->takes_user ? canonical_username(words[1]) : std::string{};
  if (!user) return hal::error(user.error());
  const auto files = find_files(*options, source.environment, (*command)->missing);
  if (!files) return hal::error(files.error());
  return (*command)->run(
      {.files = *files, .user = *user, .role = *role, .missing = (*command)->missing});
}

}  // namespace

std::string_view commands_help() {
  return "  adduser NAME [--role=admin]  a new user; the password is asked for, or one line of\n"
         "                               standard input\n"
         "  passwd NAME                  a new password; revokes the user's tokens\n"
         "  deluser NAME                 deletes the user; revokes the user's tokens\n"
         "  list                         name, role, time of creation\n"
         "  rotate                       a new key that signs tokens\n"
         "Each works on the files that HAL_AUTH_DB and HAL_AUTH_KEY_FILE name, beside a server, "
         "too.\n";
}

std::optional<int> run_command(std::string_view program, const hal::config::Source& source) {
  if (source.arguments.positional().empty()) return std::nullopt;
  const auto result = run(source);
  std::fflush(stdout);
  if (result) return 0;
  fmt::print(stderr, "{}: {}\n", program, result.error().message());
  return result.error().code() == Code::kInvalidArgument ? 2 : 1;
}

}  // namespace auth
