// Store: what logging in reads and writes.
#include "store_transact.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace auth {

using hal::Result;

namespace {

Bytes bytes_of(const AttemptKey& key) {
  return {reinterpret_cast<const std::uint8_t*>(key.data()), key.size()};
}

}  // namespace

Result<std::optional<Login>> Store::find_login(const std::string& name,
                                               const std::optional<AttemptKey>& client) {
  const std::lock_guard lock{reader_mutex_};
  auto row = reader_.query(
      "SELECT password_hash, password_version, seen_at_s FROM users LEFT JOIN known_clients"
      " ON user = name AND client = ? WHERE name = ?",
      bytes_of(client.value_or(AttemptKey{})), std::string_view{name});
  if (!row) return hal::error(std::move(row.error()));
  const auto found = row->step();
  if (!found) return hal::error(found.error());
  if (!*found) return std::nullopt;
  const std::int64_t seen_at_s = row->integer(2);  // 0 for NULL
  return Login{.password_hash = row->text(0),
               .password_version = row->integer(1),
               .client_is_known = seen_at_s != 0,
               .client_seen_at_s = seen_at_s};
}

Result<std::optional<Grant>> Store::grant(const Success& success) {
  auto row = writer_.query(
      "SELECT role, (SELECT max(not_before_s) FROM cutoffs WHERE subject IN (name, ?)) FROM users"
      " WHERE name = ? AND password_version = ?",
      kEveryone, std::string_view{success.name}, success.password_version);
  if (!row) return hal::error(std::move(row.error()));
  const auto found = row->step();
  if (!found) return hal::error(found.error());
  if (!*found) return std::nullopt;
  const auto role = parse_role(row->text(0));
  if (!role) return hal::error(role.error());
  const std::int64_t issued_at_s = std::max(now_s(), row->integer(1));
  if (issued_at_s > now_s() + kLeewayS) {
    return hal::error(hal::Code::kUnavailable,
                      fmt::format("the clock is {} s behind the last change of this user: its "
                                  "tokens would not be valid yet",
                                  issued_at_s - now_s()));
  }
  return Grant{.role = *role, .issued_at_s = issued_at_s};
}

Result<> Store::remember(const Success& success) {
  const std::string_view name = success.name;
  if (success.new_hash) {
    auto changed = writer_.run("UPDATE users SET password_hash = ? WHERE name = ?",
                               std::string_view{*success.new_hash}, name);
    if (!changed) return changed;
  }
  if (!success.seen_client) return {};
  auto noted = writer_.run(
      "INSERT INTO known_clients VALUES(?, ?, ?)"
      " ON CONFLICT DO UPDATE SET seen_at_s = excluded.seen_at_s",
      name, bytes_of(*success.seen_client), now_s());
  if (!noted) return noted;
  return writer_.run(
      "DELETE FROM known_clients WHERE user = ?1 AND client NOT IN (SELECT client FROM"
      " known_clients WHERE user = ?1 ORDER BY seen_at_s DESC, client LIMIT ?2)",
      name, kKnownClientsMax);
}

Result<std::optional<Grant>> Store::log_in(const Success& success) {
  std::optional<Grant> granted;
  const auto done = transact(Durability::kKill, [&]() -> Result<> {
    auto grant_now = grant(success);
    if (!grant_now) return hal::error(std::move(grant_now.error()));
    granted = *grant_now;
    if (!granted) return {};
    auto issued =
        writer_.run("UPDATE users SET last_issued_s = max(last_issued_s, ?) WHERE name = ?",
                    granted->issued_at_s, std::string_view{success.name});
    return issued ? remember(success) : issued;
  });
  if (!done) return hal::error(done.error());
  return granted;
}

Result<> Store::save_attempts(const std::vector<StoredAttempt>& attempts) {
  return transact(Durability::kKill, [&]() -> Result<> {
    auto purged = writer_.run("DELETE FROM attempts WHERE free_at_ms <= ?", unix_ms(clock_()));
    if (!purged) return purged;
    for (const auto& attempt : attempts) {
      // Of two that are saved at once the later one may come first.
      auto saved = writer_.run(
          "INSERT INTO attempts VALUES(?, ?) ON CONFLICT DO UPDATE SET"
          " free_at_ms = max(free_at_ms, excluded.free_at_ms)",
          bytes_of(attempt.key), attempt.free_at_ms);
      if (!saved) return saved;
    }
    return {};
  });
}

Result<std::vector<StoredAttempt>> Store::attempts(std::int64_t max) {
  const std::lock_guard lock{reader_mutex_};
  auto rows = reader_.query(
      "SELECT key, free_at_ms FROM attempts WHERE free_at_ms > ? ORDER BY free_at_ms DESC LIMIT ?",
      unix_ms(clock_()), max);
  if (!rows) return hal::error(std::move(rows.error()));
  std::vector<StoredAttempt> result;
  for (;;) {
    const auto more = rows->step();
    if (!more) return hal::error(more.error());
    if (!*more) return result;
    result.push_back({.key = rows->text(0), .free_at_ms = rows->integer(1)});
  }
}

Result<std::string> Store::attempts_secret() {
  const std::lock_guard lock{reader_mutex_};
  auto row = reader_.query("SELECT value FROM state WHERE name = 'key'");
  if (!row) return hal::error(std::move(row.error()));
  const auto found = row->step();
  if (!found) return hal::error(found.error());
  return row->text(0);
}

}  // namespace auth
