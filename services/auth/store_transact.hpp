// For the .cpp files of Store.
#pragma once

#include "store.hpp"

#include <hal/base/contract.hpp>

namespace auth {

template <class Change>
hal::Result<> Store::transact(Change change) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return hal::error(std::move(transaction.error()));
  if (auto done = change(); !done) return done;
  return transaction->commit();
}

}  // namespace auth
