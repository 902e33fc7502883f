// Results: what a handler may return, by itself, in a Result, in a Task of either.
#pragma once

#include <hal/http/extract.hpp>

#include <string>

namespace hal::http {

/// 201 with the value as JSON; `location` is where it can be found (RFC 9110 15.3.2).
template <class T>
struct Created {
  T value{};
  std::string location{};
};
template <class T>
Created(T, std::string) -> Created<T>;

template <class T>
struct Reply<Json<T>> {
  static void send(const Json<T>& result, Response& response) {
    response.headers.add("content-type", "application/json");
    json::append(response.body, result.value);
  }
};

template <class T>
struct Reply<Created<T>> {
  static void send(const Created<T>& result, Response& response) {
    response.status = 201;
    if (!result.location.empty()) response.headers.add("location", result.location);
    response.headers.add("content-type", "application/json");
    json::append(response.body, result.value);
  }
};

template <>
struct Reply<std::string> {
  static void send(std::string&& text, Response& response) {
    response.headers.add("content-type", "text/plain; charset=utf-8");
    response.body = std::move(text);
  }
};

/// Headers that layers have added stay.
template <>
struct Reply<Response> {
  static void send(Response&& whole, Response& response) {
    response.status = whole.status;
    response.body = std::move(whole.body);
    if (response.headers.empty()) {
      response.headers = std::move(whole.headers);
    } else {
      for (const auto field : whole.headers) response.headers.add(field.name, field.value);
    }
  }
};

}  // namespace hal::http
