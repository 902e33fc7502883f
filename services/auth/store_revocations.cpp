// Store: what is revoked.
#include "store_transact.hpp"

namespace auth {

using hal::Result;

namespace {

/// A cursor is the database's epoch (31 bits) and the number of its last change (32 bits).
constexpr int kChangeBits = 32;
constexpr std::int64_t kChangeMask = (std::int64_t{1} << kChangeBits) - 1;

}  // namespace

Result<std::int64_t> Store::next_change() {
  return database_.integer(
      "UPDATE state SET value = value + 1 WHERE name = 'changes' RETURNING value");
}

Result<> Store::purge(std::int64_t now_s) {
  // Twice the leeway: the clocks may have been set in the meantime.
  auto tokens =
      database_.run("DELETE FROM revoked_tokens WHERE expires_at_s < ?", now_s - 2 * kLeewayS);
  if (!tokens) return tokens;
  return database_.run("DELETE FROM cutoffs WHERE not_before_s < ?",
                       now_s - kTokenLifetimeS - 2 * kLeewayS);
}

Result<> Store::cut_off(const std::string& subject, std::int64_t now_s) {
  if (auto purged = purge(now_s); !purged) return purged;
  const auto change = next_change();
  if (!change) return hal::error(change.error());
  // Later than every token there is: one is issued at the present second or, after a cut-off, at
  // the first one that the cut-off allows.
  auto cut = database_.run(
      "INSERT INTO cutoffs VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET"
      " not_before_s = max(not_before_s + 1, excluded.not_before_s), change = excluded.change",
      std::string_view{subject}, now_s + 1, *change);
  if (!cut) return cut;
  return database_.run("DELETE FROM revoked_tokens WHERE subject = ?", std::string_view{subject});
}

Result<> Store::revoke_token(const std::string& id, const std::string& subject,
                             std::int64_t expires_at_s, std::int64_t now_s) {
  if (expires_at_s < now_s - kLeewayS) return {};
  const std::lock_guard lock{mutex_};
  return transact([&]() -> Result<> {
    const auto revoked = database_.integer("SELECT count(*) FROM revoked_tokens WHERE subject = ?",
                                           std::string_view{subject});
    if (!revoked) return hal::error(revoked.error());
    const auto known =
        database_.integer("SELECT count(*) FROM revoked_tokens WHERE id = ?", std::string_view{id});
    if (!known) return hal::error(known.error());
    if (*known != 0) return {};
    if (*revoked >= kRevokedTokensMax) return cut_off(subject, now_s);
    if (auto purged = purge(now_s); !purged) return purged;
    const auto change = next_change();
    if (!change) return hal::error(change.error());
    return database_.run("INSERT INTO revoked_tokens VALUES(?, ?, ?, ?)", std::string_view{id},
                         std::string_view{subject}, expires_at_s, *change);
  });
}

Result<> Store::revoke_all(const std::string& subject, std::int64_t now_s) {
  const std::lock_guard lock{mutex_};
  return transact([&] { return cut_off(subject, now_s); });
}

Result<bool> Store::is_revoked(const std::string& id, const std::string& subject,
                               std::int64_t issued_at_s) {
  const std::lock_guard lock{mutex_};
  const auto reasons = database_.integer(
      "SELECT (SELECT count(*) FROM revoked_tokens WHERE id = ?) +"
      " (SELECT count(*) FROM cutoffs WHERE subject = ? AND not_before_s > ?)",
      std::string_view{id}, std::string_view{subject}, issued_at_s);
  if (!reasons) return hal::error(reasons.error());
  return *reasons != 0;
}

Result<RevocationList> Store::revocations(std::int64_t since) {
  const std::lock_guard lock{mutex_};
  // One snapshot: another program may write between the statements.
  if (auto begun = database_.script("BEGIN"); !begun) return hal::error(std::move(begun.error()));
  auto result = read_revocations(since);
  (void)database_.script("COMMIT");
  return result;
}

Result<RevocationList> Store::read_revocations(std::int64_t since) {
  const auto epoch = database_.integer("SELECT value FROM state WHERE name = 'epoch'");
  if (!epoch) return hal::error(epoch.error());
  const auto changes = database_.integer("SELECT value FROM state WHERE name = 'changes'");
  if (!changes) return hal::error(changes.error());
  RevocationList list{.cursor = (*epoch << kChangeBits) | *changes};
  list.is_complete = since >> kChangeBits != *epoch || since > list.cursor;
  const std::int64_t after = list.is_complete ? 0 : since & kChangeMask;

  auto tokens = database_.query(
      "SELECT id, expires_at_s FROM revoked_tokens WHERE change > ? ORDER BY change", after);
  if (!tokens) return hal::error(std::move(tokens.error()));
  for (;;) {
    const auto more = tokens->step();
    if (!more) return hal::error(more.error());
    if (!*more) break;
    list.tokens.push_back({.id = tokens->text(0), .expires_at_s = tokens->integer(1)});
  }
  auto cutoffs = database_.query(
      "SELECT subject, not_before_s FROM cutoffs WHERE change > ? ORDER BY change", after);
  if (!cutoffs) return hal::error(std::move(cutoffs.error()));
  for (;;) {
    const auto more = cutoffs->step();
    if (!more) return hal::error(more.error());
    if (!*more) return list;
    list.cutoffs.push_back({.subject = cutoffs->text(0), .not_before_s = cutoffs->integer(1)});
  }
}

Result<> Store::renew_cursors() {
  const std::lock_guard lock{mutex_};
  // Never the one before it.
  return database_.run(
      "UPDATE state SET value = (value + 1 + abs(random() % 1000000)) % 2147483647 + 1"
      " WHERE name = 'epoch'");
}

}  // namespace auth
