// How names of a .proto are spelled in C++.
#pragma once

#include <string>
#include <string_view>

namespace hal::protoc {

/// "SayHello" -> "say_hello", "GetURL2" -> "get_url2", "HTTPServer" -> "http_server": a word begins
/// at a capital letter behind a small letter or digit, and at the last one of several capitals when
/// a small letter follows. Digits belong to the word before them.
[[nodiscard]] std::string snake_case(std::string_view name);

/// snake_case, with an underscore behind what a generated class cannot call a function: keywords of
/// C++23 and names the class has already.
[[nodiscard]] std::string function_name(std::string_view method);

/// What the classes' names begin with: the service's name without a "Service" at its end, since
/// UserServiceService would help nobody. A service called just "Service" keeps its name.
[[nodiscard]] std::string_view class_stem(std::string_view service) noexcept;

/// "a.b" -> "a::b".
[[nodiscard]] std::string cpp_namespace(std::string_view package);

}  // namespace hal::protoc
