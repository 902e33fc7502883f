// For the .cpp files of Store.
#pragma once

#include "store.hpp"

#include <hal/base/contract.hpp>

namespace auth {

template <class Change>
hal::Result<> Store::transact(Durability durability, Change change) {
  const std::lock_guard lock{writer_mutex_};
  auto transaction = Transaction::begin(writer_, durability);
  if (!transaction) return hal::error(std::move(transaction.error()));
  if (auto done = change(); !done) return done;
  return transaction->commit();
}

}  // namespace auth
