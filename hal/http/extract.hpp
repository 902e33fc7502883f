// Extractors: what a handler asks of a request, as types of its parameters.
#pragma once

#include <hal/base/ascii.hpp>
#include <hal/base/contract.hpp>
#include <hal/http/handler.hpp>
#include <hal/http/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace hal::http {

/// The text of a template argument: Path<"id">.
template <std::size_t N>
struct Name {
  // NOLINTNEXTLINE(google-explicit-constructor): it is how a literal becomes a template argument.
  consteval Name(const char (&literal)[N]) { std::ranges::copy_n(literal, N, text); }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
  char text[N]{};
};

namespace detail {

/// Where a text stands, for messages: "query parameter 'page'".
struct Place {
  std::string_view kind;
  std::string_view name;
};

[[nodiscard]] std::unexpected<Failure> wrong(Place place, std::string_view expected,
                                             std::string_view text);
[[nodiscard]] std::unexpected<Failure> missing(Place place);
[[nodiscard]] Expected<bool> to_bool(Place place, std::string_view text);
[[nodiscard]] Expected<double> to_double(Place place, std::string_view text);

template <class T>
Expected<T> convert(Place place, std::string text) {
  if constexpr (std::same_as<T, std::string>) {
    return text;
  } else if constexpr (std::same_as<T, bool>) {
    return to_bool(place, text);
  } else if constexpr (std::same_as<T, double>) {
    return to_double(place, text);
  } else {
    static_assert(std::integral<T>, "a parameter is a string, a bool, a double or an integer");
    if (const auto number = parse_int<T>(text)) return *number;
    return wrong(place, std::signed_integral<T> ? "an integer" : "an integer from 0", text);
  }
}

/// For values that may be absent: std::optional<T> takes that, others fail with 400.
template <class T>
struct FromOptional {
  static Expected<T> convert(Place place, std::optional<std::string> text) {
    if (!text) return missing(place);
    return detail::convert<T>(place, std::move(*text));
  }
};
template <class T>
struct FromOptional<std::optional<T>> {
  static Expected<std::optional<T>> convert(Place place, std::optional<std::string> text) {
    if (!text) return std::nullopt;
    auto value = detail::convert<T>(place, std::move(*text));
    if (!value) return std::unexpected{std::move(value.error())};
    return std::optional<T>{std::move(*value)};  // named: std::expected of a bool converts to all
  }
};

/// The value of this parameter, decoded; 400 for a broken escape and for what is no UTF-8.
[[nodiscard]] Expected<std::string> path_value(const Exchange& exchange, std::string_view name);
/// The first value of this name, decoded; 400 for a broken escape and for what is no UTF-8.
[[nodiscard]] Expected<std::optional<std::string>> query_value(std::string_view query,
                                                               std::string_view name);
/// 415 unless Content-Type is application/json or ends with +json.
[[nodiscard]] Expected<void> check_json_type(const Headers& headers);
void check_path_name(const RouteInfo& route, std::string_view name);

/// What extractors have in common: they hold a value and look like a pointer to it.
template <class T>
struct Holder {
  T value{};
  [[nodiscard]] T& operator*() noexcept { return value; }
  [[nodiscard]] const T& operator*() const noexcept { return value; }
  [[nodiscard]] T* operator->() noexcept { return &value; }
  [[nodiscard]] const T* operator->() const noexcept { return &value; }
};

}  // namespace detail

/// A parameter of the route's pattern, decoded: Path<"id">, Path<"id", int>. 400 when it is no T.
template <Name kName, class T = std::string>
struct Path : detail::Holder<T> {
  static Expected<Path> extract(const Exchange& exchange) {
    auto text = detail::path_value(exchange, kName.view());
    if (!text) return std::unexpected{std::move(text.error())};
    auto value = detail::convert<T>({"path parameter", kName.view()}, std::move(*text));
    if (!value) return std::unexpected{std::move(value.error())};
    return Path{{std::move(*value)}};
  }
  static void check(const RouteInfo& route) { detail::check_path_name(route, kName.view()); }
};

/// A parameter of the query, decoded; the first one of its name. T: std::string, bool, double, an
/// integer, or std::optional of one. 400 when it is missing and not optional, or no T.
template <Name kName, class T = std::string>
struct Query : detail::Holder<T> {
  static Expected<Query> extract(const Exchange& exchange) {
    auto text = detail::query_value(exchange.request.query, kName.view());
    if (!text) return std::unexpected{std::move(text.error())};
    auto value =
        detail::FromOptional<T>::convert({"query parameter", kName.view()}, std::move(*text));
    if (!value) return std::unexpected{std::move(value.error())};
    return Query{{std::move(*value)}};
  }
  static void check(const RouteInfo&) {}
};

/// A header's value; its first field. T and errors as for Query.
template <Name kName, class T = std::string>
struct Header : detail::Holder<T> {
  static Expected<Header> extract(const Exchange& exchange) {
    std::optional<std::string> text;
    if (const auto found = exchange.request.headers.get(kName.view())) text.emplace(*found);
    auto value = detail::FromOptional<T>::convert({"header", kName.view()}, std::move(text));
    if (!value) return std::unexpected{std::move(value.error())};
    return Header{{std::move(*value)}};
  }
  static void check(const RouteInfo&) {}
};

/// A parameter: the body, read as JSON into a described struct. 415 for another Content-Type, 400
/// with the place of the error. A result: the struct as JSON with status 200.
template <class T>
struct Json {
  T value{};

  [[nodiscard]] T& operator*() noexcept { return value; }
  [[nodiscard]] const T& operator*() const noexcept { return value; }
  [[nodiscard]] T* operator->() noexcept { return &value; }
  [[nodiscard]] const T* operator->() const noexcept { return &value; }

  static constexpr bool kWholeBody = true;
  static Expected<Json> extract(const Exchange& exchange) {
    if (auto type = detail::check_json_type(exchange.request.headers); !type) {
      return std::unexpected{std::move(type.error())};
    }
    // The server's body limit has bounded the size already.
    const std::string& body = exchange.request.body;
    auto parsed = json::parse<T>(body, {.size_bytes_max = body.size()});
    if (!parsed) return bad_request("body: " + parsed.error().message());
    return Json{std::move(*parsed)};
  }
  static void check(const RouteInfo&) {}
};
template <class T>
Json(T) -> Json<T>;

/// The object that the router was made with: `http::Router{api}` gives State<Api>.
template <class T>
class State {
 public:
  explicit State(T& state) noexcept : state_{&state} {}
  [[nodiscard]] T& operator*() const noexcept { return *state_; }
  [[nodiscard]] T* operator->() const noexcept { return state_; }

  static Expected<State> extract(const Exchange& exchange) {
    return State{*exchange.route.states->template find<T>()};
  }
  static void check(const RouteInfo& route) {
    expects(route.states->template find<T>() != nullptr,
            fmt::format("the handler of {} {} wants a State that its router was not made with",
                        route.method, route.pattern));
  }

 private:
  T* state_;
};

}  // namespace hal::http
