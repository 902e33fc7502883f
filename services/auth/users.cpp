// Auth: what administrators do.
#include "off_loop.hpp"
#include "service.hpp"

#include <hal/base/contract.hpp>
#include <hal/service/identity.hpp>

#include <fmt/format.h>

namespace auth {
namespace {

using hal::Code;
using hal::Result;
using hal::Task;

constexpr std::uint32_t kPageSizeMax = 100;

/// Who asks; the authenticate layer has put it there. For audit lines.
std::string administrator() {
  const auto identity = hal::current_identity();
  hal::expects(identity != nullptr && identity->has_role("admin"),
               "the authenticate layer stands around what administrators do");
  return identity->subject();
}

}  // namespace

std::vector<std::string> open_methods() {
  return {"auth.Auth/Verify",
          "auth.Auth/Revoke",
          "auth.Auth/Revocations",
          "auth.Auth/Keys",
          "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
          "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};
}

Task<Result<std::string>> Auth::hash(std::string& password) {
  const Secret secret = make_secret(password);
  if (auto allowed = check_password(*secret); !allowed) {
    co_return hal::error(std::move(allowed.error()));
  }
  co_return co_await parts_.hashes.run(
      [](const Secret& text, const PasswordCost& cost) { return hash_password(*text, cost); },
      secret, parts_.cost);
}

Task<Result<ListUsersReply>> Auth::list_users(ListUsersRequest request) {
  const std::string by = administrator();
  if (request.page() == 0) co_return hal::error(Code::kInvalidArgument, "page: allowed is 1 up");
  if (request.page_size() == 0 || request.page_size() > kPageSizeMax) {
    co_return hal::error(Code::kInvalidArgument,
                         fmt::format("page_size: allowed is 1 to {}", kPageSizeMax));
  }
  const auto page = co_await or_return(
      read_store([this](std::int64_t number,
                        std::int64_t size) { return parts_.store.list_users(number, size); },
                 std::int64_t{request.page()}, std::int64_t{request.page_size()}));
  ListUsersReply reply;
  for (const auto& user : page.users) {
    auto& out = *reply.add_users();
    out.set_username(user.name);
    out.set_role(std::string{name(user.role)});
    out.set_created_at_s(user.created_at_s);
  }
  reply.set_total(static_cast<std::uint64_t>(page.total));
  hal::log::info("audit: {} lists users, page {}", by, request.page());
  co_return reply;
}

Task<Result<AddUserReply>> Auth::add_user(AddUserRequest request) {
  const std::string by = administrator();
  const auto user = canonical_username(request.username());
  if (!user) co_return hal::error(user.error());
  const auto role = parse_role(request.role().empty() ? "user" : request.role());
  if (!role) co_return hal::error(role.error());
  const auto hashed = co_await or_return(hash(*request.mutable_password()));
  co_await or_return(write_store(
      parts_.writes,
      [this](const std::string& who, const std::string& password, Role what) {
        return parts_.store.add_user(who, password, what);
      },
      *user, hashed, *role));
  hal::log::info("audit: {} adds user {}, role {}", by, *user, name(*role));
  co_return AddUserReply{};
}

Task<Result<SetPasswordReply>> Auth::set_password(SetPasswordRequest request) {
  const std::string by = administrator();
  const auto user = canonical_username(request.username());
  if (!user) co_return hal::error(user.error());
  const auto hashed = co_await or_return(hash(*request.mutable_password()));
  co_await or_return(write_store(
      parts_.writes,
      [this](const std::string& who, const std::string& password) {
        return parts_.store.set_password(who, password);
      },
      *user, hashed));
  hal::log::info("audit: {} sets the password of {}", by, *user);
  co_return SetPasswordReply{};
}

Task<Result<SetRoleReply>> Auth::set_role(SetRoleRequest request) {
  const std::string by = administrator();
  const auto user = canonical_username(request.username());
  if (!user) co_return hal::error(user.error());
  const auto role = parse_role(request.role());
  if (!role) co_return hal::error(role.error());
  co_await or_return(write_store(
      parts_.writes,
      [this](const std::string& who, Role what) { return parts_.store.set_role(who, what); }, *user,
      *role));
  hal::log::info("audit: {} sets the role of {} to {}", by, *user, name(*role));
  co_return SetRoleReply{};
}

Task<Result<DeleteUserReply>> Auth::delete_user(DeleteUserRequest request) {
  const std::string by = administrator();
  const auto user = canonical_username(request.username());
  if (!user) co_return hal::error(user.error());
  co_await or_return(write_store(
      parts_.writes, [this](const std::string& who) { return parts_.store.delete_user(who); },
      *user));
  hal::log::info("audit: {} deletes user {}", by, *user);
  co_return DeleteUserReply{};
}

}  // namespace auth
