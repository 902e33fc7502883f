// Store: what is revoked.
#include "store_transact.hpp"

#include <hal/telemetry/log.hpp>

namespace auth {

using hal::Result;

namespace {

/// A cursor is the database's epoch (31 bits) and the number of its last change (32 bits).
constexpr int kChangeBits = 32;
constexpr std::int64_t kChangeMask = (std::int64_t{1} << kChangeBits) - 1;

Result<bool> is_revoked_in(Database& database, const TokenId& token) {
  const auto reasons = database.integer(
      "SELECT (SELECT count(*) FROM revoked_tokens WHERE id = ?) +"
      " (SELECT count(*) FROM cutoffs WHERE subject IN (?, ?) AND not_before_s > ?)",
      std::string_view{token.id}, std::string_view{token.subject}, kEveryone, token.issued_at_s);
  if (!reasons) return hal::error(reasons.error());
  return *reasons != 0;
}

}  // namespace

Result<std::int64_t> Store::next_change() {
  return writer_.integer(
      "UPDATE state SET value = value + 1 WHERE name = 'changes' RETURNING value");
}

Result<> Store::purge() {
  const std::int64_t before_s = now_s() - 2 * kLeewayS - kKeepRevokedS;
  auto tokens = writer_.run("DELETE FROM revoked_tokens WHERE expires_at_s < ?", before_s);
  if (!tokens) return tokens;
  return writer_.run("DELETE FROM cutoffs WHERE not_before_s < ?", before_s - kTokenLifetimeS);
}

Result<> Store::cut_off(const std::string& subject) {
  if (auto purged = purge(); !purged) return purged;
  const auto cutoffs =
      writer_.integer("SELECT count(*) FROM cutoffs WHERE subject <> ?", std::string_view{subject});
  if (!cutoffs) return hal::error(cutoffs.error());
  if (*cutoffs >= kCutoffsMax) return cut_off_everyone();
  const auto change = next_change();
  if (!change) return hal::error(change.error());
  // Later than every token there is, whatever the clock was when it was issued.
  auto cut = writer_.run(
      "INSERT INTO cutoffs VALUES(?1, max(?2, ifnull((SELECT last_issued_s FROM users WHERE"
      " name = ?1), 0)) + 1, ?3) ON CONFLICT DO UPDATE SET"
      " not_before_s = max(not_before_s, excluded.not_before_s), change = excluded.change",
      std::string_view{subject}, now_s(), *change);
  if (!cut) return cut;
  return writer_.run("DELETE FROM revoked_tokens WHERE subject = ?", std::string_view{subject});
}

Result<> Store::cut_off_everyone() {
  const auto change = next_change();
  if (!change) return hal::error(change.error());
  const auto latest = writer_.integer(
      "SELECT max(ifnull((SELECT max(last_issued_s) FROM users), 0),"
      " ifnull((SELECT max(not_before_s) FROM cutoffs), 0))");
  if (!latest) return hal::error(latest.error());
  for (const char* table : {"DELETE FROM cutoffs", "DELETE FROM revoked_tokens"}) {
    if (auto emptied = writer_.run(table); !emptied) return emptied;
  }
  hal::log::warn(
      "audit: more than {} users' tokens are revoked: all users' are, unless the store "
      "fails now",
      kCutoffsMax);
  return writer_.run("INSERT INTO cutoffs VALUES(?, ?, ?)", kEveryone,
                     std::max(now_s(), *latest) + 1, *change);
}

Result<> Store::revoke_token(const TokenId& token) {
  return transact(Durability::kPowerLoss, [&]() -> Result<> {
    const auto revoked = is_revoked_in(writer_, token);
    if (!revoked) return hal::error(revoked.error());
    if (*revoked || token.expires_at_s < now_s() - 2 * kLeewayS) return {};
    // Those that are kept for longer, because of clocks, do not count.
    const std::int64_t alive_s = now_s() - 2 * kLeewayS;
    const auto of_user = writer_.integer(
        "SELECT count(*) FROM revoked_tokens WHERE subject = ? AND expires_at_s >= ?",
        std::string_view{token.subject}, alive_s);
    if (!of_user) return hal::error(of_user.error());
    const auto of_all =
        writer_.integer("SELECT count(*) FROM revoked_tokens WHERE expires_at_s >= ?", alive_s);
    if (!of_all) return hal::error(of_all.error());
    if (*of_user >= kRevokedTokensOfUserMax || *of_all >= kRevokedTokensMax) {
      return cut_off(token.subject);
    }
    if (auto purged = purge(); !purged) return purged;
    const auto change = next_change();
    if (!change) return hal::error(change.error());
    return writer_.run("INSERT INTO revoked_tokens VALUES(?, ?, ?, ?)", std::string_view{token.id},
                       std::string_view{token.subject}, token.expires_at_s, *change);
  });
}

Result<> Store::revoke_all(const std::string& subject) {
  return transact(Durability::kPowerLoss, [&] { return cut_off(subject); });
}

Result<bool> Store::is_revoked(const TokenId& token) {
  const std::lock_guard lock{reader_mutex_};
  return is_revoked_in(reader_, token);
}

Result<RevocationList> Store::revocations(std::int64_t since) {
  const std::lock_guard lock{reader_mutex_};
  const auto snapshot = Transaction::begin_to_read(reader_);
  if (!snapshot) return hal::error(snapshot.error());
  return read_revocations(since);
}

Result<RevocationList> Store::read_revocations(std::int64_t since) {
  const auto epoch = reader_.integer("SELECT value FROM state WHERE name = 'epoch'");
  if (!epoch) return hal::error(epoch.error());
  const auto changes = reader_.integer("SELECT value FROM state WHERE name = 'changes'");
  if (!changes) return hal::error(changes.error());
  RevocationList list{.cursor = (*epoch << kChangeBits) | *changes};
  list.is_complete = since >> kChangeBits != *epoch || since > list.cursor;
  const std::int64_t after = list.is_complete ? 0 : since & kChangeMask;

  auto tokens = reader_.query(
      "SELECT id, expires_at_s FROM revoked_tokens WHERE change > ? ORDER BY change", after);
  if (!tokens) return hal::error(std::move(tokens.error()));
  for (;;) {
    const auto more = tokens->step();
    if (!more) return hal::error(more.error());
    if (!*more) break;
    list.tokens.push_back({.id = tokens->text(0), .expires_at_s = tokens->integer(1)});
  }
  auto cutoffs = reader_.query(
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
  return transact(Durability::kPowerLoss, [&] {
    // Never the one before it.
    return writer_.run(
        "UPDATE state SET value = (value + 1 + abs(random() % 1000000)) % 2147483647 + 1"
        " WHERE name = 'epoch'");
  });
}

}  // namespace auth
