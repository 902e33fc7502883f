// Handlers: plain functions whose parameters say what they need of a request.
#pragma once

#include <hal/async/task.hpp>
#include <hal/http/error.hpp>
#include <hal/http/message.hpp>
#include <hal/service/call.hpp>
#include <hal/transport/http_body.hpp>

#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace hal::http {

/// The objects behind State<T>: what a router was made with.
class States {
 public:
  template <class... T>
  explicit States(T&... state) : entries_{Entry{&typeid(T), &state}...} {}

  /// Null when there is no object of this very type.
  template <class T>
  [[nodiscard]] T* find() const noexcept {
    for (const Entry& entry : entries_) {
      if (*entry.type == typeid(T)) return static_cast<T*>(entry.object);
    }
    return nullptr;
  }

 private:
  struct Entry {
    const std::type_info* type;
    void* object;
  };
  std::vector<Entry> entries_;
};

struct RouteInfo {
  std::string method;
  std::string pattern;
  std::vector<std::string> names;  ///< of its parameters, in order
  std::shared_ptr<const States> states;
};

/// One request on its way through a router, as extractors and results see it.
struct Exchange {
  const Request& request;
  Response& response;
  service::Call& call;
  const RouteInfo& route;
  /// The parameters' values, in order, still encoded.
  std::span<const std::string_view> values;
  /// For BodyStream and ResponseWriter.
  const transport::HttpExchange* streams = nullptr;

  /// The call ends with this failure.
  void fail(Failure failure) const {
    call.http_status = failure.http_status;
    call.status = std::move(failure.status);
  }
};

/// How a parameter of type A is had. Extractor types have
///   static Expected<A> extract(const Exchange&);
///   static void check(const RouteInfo&);   contract failure if no request could ever give it
/// and, as true constants, kWholeBody, kReadsBody or kWritesResponse when that is what they do.
template <class A>
struct Parameter {
  static_assert(
      requires(const Exchange& exchange) { A::extract(exchange); },
      "a handler's parameters are extractors (Path, Query, Header, Json, State) or const "
      "Request&");
  static auto extract(const Exchange& exchange) { return A::extract(exchange); }
  static void check(const RouteInfo& route) { A::check(route); }
  static A&& pass(Expected<A>& value) { return std::move(*value); }
};

template <>
struct Parameter<const Request&> {
  static Expected<const Request*> extract(const Exchange& exchange) { return &exchange.request; }
  static void check(const RouteInfo&) {}
  static const Request& pass(Expected<const Request*>& value) { return **value; }
};

/// How a result of type R is sent. Specialized in results.hpp.
template <class R>
struct Reply;

namespace detail {

template <class R>
void reply(const Exchange& exchange, R&& result) {
  using Plain = std::remove_cvref_t<R>;
  if constexpr (hal::detail::is_result<Plain>::value) {
    if (!result) {
      exchange.call.status = std::move(result.error());
    } else if constexpr (std::is_void_v<typename Plain::value_type>) {
      exchange.response.status = 204;
    } else {
      reply(exchange, std::move(*result));
    }
  } else {
    Reply<Plain>::send(std::forward<R>(result), exchange.response);
  }
  if (exchange.call.status.ok()) exchange.call.http_status = exchange.response.status;
}

template <class T>
struct IsTask : std::false_type {};
template <class T>
struct IsTask<Task<T>> : std::true_type {};

template <class A>
inline constexpr bool kWantsWholeBody = requires { requires A::kWholeBody; };
template <class A>
inline constexpr bool kReadsBody = requires { requires A::kReadsBody; };
template <class A>
inline constexpr bool kWritesResponse = requires { requires A::kWritesResponse; };

using AnyFunction = void (*)();

template <class R, class... A>
class Invocation {
 public:
  static constexpr bool kReads = (kReadsBody<A> || ...);
  static constexpr bool kWrites = (kWritesResponse<A> || ...);
  static_assert(!(kReads && (kWantsWholeBody<A> || ...)),
                "a handler takes the body as a whole or as a BodyStream");
  static_assert(!kWrites || std::is_same_v<R, Task<Result<>>>,
                "a handler with a ResponseWriter returns Task<Result<>>");

  static Task<> invoke(AnyFunction erased, const Exchange& exchange) {
    // Braces: from left to right, so that the first wrong parameter is the one that is told.
    Values values{Parameter<A>::extract(exchange)...};
    if (Failure* const failure = first_failure(values); failure != nullptr) {
      exchange.fail(std::move(*failure));
      co_return;
    }
    const auto function = reinterpret_cast<R (*)(A...)>(erased);
    constexpr auto kIndices = std::index_sequence_for<A...>{};
    if constexpr (kWrites) {
      auto result = co_await call(function, values, kIndices);
      if (result) {
        exchange.call.http_status = exchange.response.status;
      } else {
        exchange.call.status = std::move(result.error());
      }
    } else if constexpr (IsTask<R>::value) {
      reply(exchange, co_await call(function, values, kIndices));
    } else {
      reply(exchange, call(function, values, kIndices));
    }
  }
  static void check(const RouteInfo& route) { (Parameter<A>::check(route), ...); }

 private:
  using Values = std::tuple<decltype(Parameter<A>::extract(std::declval<const Exchange&>()))...>;

  static Failure* first_failure(Values& values) {
    Failure* first = nullptr;
    std::apply(
        [&](auto&... value) {
          ((first = first == nullptr && !value ? &value.error() : first), ...);
        },
        values);
    return first;
  }
  template <std::size_t... I>
  static R call(R (*function)(A...), [[maybe_unused]] Values& values, std::index_sequence<I...>) {
    return function(Parameter<A>::pass(std::get<I>(values))...);
  }
};

}  // namespace detail

/// A handler without its type: a function pointer and how to call it. A value.
class Handler {
 public:
  template <class R, class... A>
  explicit Handler(R (*function)(A...))
      : function_{reinterpret_cast<detail::AnyFunction>(function)},
        invoke_{&detail::Invocation<R, A...>::invoke},
        check_{&detail::Invocation<R, A...>::check},
        reads_body_{detail::Invocation<R, A...>::kReads} {}

  /// Extracts the parameters, runs the function, puts its result into the exchange.
  [[nodiscard]] Task<> operator()(const Exchange& exchange) const {
    return invoke_(function_, exchange);
  }
  /// Contract failure when a parameter cannot be had on this route.
  void check(const RouteInfo& route) const { check_(route); }
  /// Has it a BodyStream?
  [[nodiscard]] bool reads_body() const noexcept { return reads_body_; }

 private:
  detail::AnyFunction function_;
  Task<> (*invoke_)(detail::AnyFunction, const Exchange&);
  void (*check_)(const RouteInfo&);
  bool reads_body_;
};

}  // namespace hal::http
