#include "store.hpp"

#include "schema.hpp"
#include "store_transact.hpp"

#include <fmt/format.h>

namespace auth {

using hal::Code;
using hal::Result;

namespace {

std::unexpected<hal::Status> no_such_user(const std::string& name) {
  return hal::error(Code::kNotFound, fmt::format("there is no user {}", name));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path, WallClock clock,
                                           Missing missing) {
  auto writer = Database::open(path, missing);
  if (!writer) return hal::error(std::move(writer.error()));
  if (auto migrated = migrate(*writer); !migrated) return hal::error(std::move(migrated.error()));
  auto reader = Database::open_to_read(path);
  if (!reader) return hal::error(std::move(reader.error()));
  return std::unique_ptr<Store>{
      new Store{std::move(*writer), std::move(*reader), std::move(clock)}};
}

Result<> Store::add_user(const std::string& name, const std::string& password_hash, Role role) {
  auto added = transact(Durability::kPowerLoss, [&]() -> Result<> {
    const auto version = next_change();
    if (!version) return hal::error(version.error());
    return writer_.run(
        "INSERT INTO users(name, password_hash, password_version, role, created_at_s)"
        " VALUES(?, ?, ?, ?, ?)",
        std::string_view{name}, std::string_view{password_hash}, *version, auth::name(role),
        now_s());
  });
  if (added || added.error().code() != Code::kAlreadyExists) return added;
  return hal::error(Code::kAlreadyExists, fmt::format("there is a user {} already", name));
}

Result<> Store::set_password(const std::string& name, const std::string& password_hash) {
  return transact(Durability::kPowerLoss, [&]() -> Result<> {
    const auto version = next_change();
    if (!version) return hal::error(version.error());
    auto changed =
        writer_.run("UPDATE users SET password_hash = ?, password_version = ? WHERE name = ?",
                    std::string_view{password_hash}, *version, std::string_view{name});
    if (!changed) return changed;
    if (writer_.changes() == 0) return no_such_user(name);
    return cut_off(name);
  });
}

Result<> Store::set_role(const std::string& name, Role role) {
  return transact(Durability::kPowerLoss, [&]() -> Result<> {
    const auto known =
        writer_.integer("SELECT count(*) FROM users WHERE name = ?", std::string_view{name});
    if (!known) return hal::error(known.error());
    if (*known == 0) return no_such_user(name);
    auto changed = writer_.run("UPDATE users SET role = ?2 WHERE name = ?1 AND role <> ?2",
                               std::string_view{name}, auth::name(role));
    if (!changed) return changed;
    return writer_.changes() == 0 ? Result<>{} : cut_off(name);
  });
}

Result<> Store::delete_user(const std::string& name) {
  return transact(Durability::kPowerLoss, [&]() -> Result<> {
    const auto known =
        writer_.integer("SELECT count(*) FROM users WHERE name = ?", std::string_view{name});
    if (!known) return hal::error(known.error());
    if (*known == 0) return no_such_user(name);
    // First: it looks at the tokens that the user was given.
    if (auto cut = cut_off(name); !cut) return cut;
    return writer_.run("DELETE FROM users WHERE name = ?", std::string_view{name});
  });
}

Result<UserPage> Store::list_users(std::int64_t page, std::int64_t page_size) {
  hal::expects(page > 0 && page_size > 0, "pages are counted from 1 and have a size");
  const std::lock_guard lock{reader_mutex_};
  const auto snapshot = Transaction::begin_to_read(reader_);
  if (!snapshot) return hal::error(snapshot.error());
  const auto total = reader_.integer("SELECT count(*) FROM users");
  if (!total) return hal::error(total.error());
  UserPage result{.total = *total};
  auto rows =
      reader_.query("SELECT name, role, created_at_s FROM users ORDER BY name LIMIT ? OFFSET ?",
                    page_size, (page - 1) * page_size);
  if (!rows) return hal::error(std::move(rows.error()));
  for (;;) {
    const auto more = rows->step();
    if (!more) return hal::error(more.error());
    if (!*more) return result;
    const auto role = parse_role(rows->text(1));
    if (!role) return hal::error(role.error());
    result.users.push_back(
        {.name = rows->text(0), .role = *role, .created_at_s = rows->integer(2)});
  }
}

}  // namespace auth
