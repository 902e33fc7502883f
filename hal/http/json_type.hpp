// What JSON needs to know of a C++ type, as constant tables: one reader and one writer serve all.
#pragma once

#include <hal/http/json_rule.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace hal::http::json::detail {

enum class Kind : std::uint8_t {
  kBool,
  kInteger,
  kDouble,
  kString,
  kEnum,
  kOptional,
  kArray,
  kMap,
  kObject,
};

struct Type;
using TypeOf = const Type& (*)();  // a function: types may contain themselves

struct Field {
  std::string_view name;
  TypeOf type;
  void* (*member)(void* object);
  bool required;
  const Rule* rule;  ///< null: none
};

struct Enumerator {
  std::string_view name;
  std::int64_t value;
};

/// Receives the elements of a container; `key` is empty unless it is a map.
using Visit = void (*)(void* context, std::string_view key, const void* element);

/// A type, erased. bool, double and std::string are accessed by a cast, all others through these
/// functions; those of other kinds are null.
struct Type {
  Kind kind;
  // kInteger, kEnum: the value as 64 bits, negative numbers sign-extended.
  void (*store)(void* value, std::uint64_t bits) = nullptr;
  std::uint64_t (*load)(const void* value) = nullptr;
  // kInteger
  std::int64_t min = 0;
  std::uint64_t max = 0;
  // kOptional, kArray, kMap
  TypeOf element = nullptr;
  /// A new element inside; null when a map already has `key`.
  void* (*emplace)(void* value, std::string_view key) = nullptr;
  void (*each)(const void* value, Visit visit, void* context) = nullptr;
  /// kOptional: empties it.
  void (*reset)(void* value) = nullptr;
  // kObject
  std::span<const Field> fields = {};
  // kEnum
  std::span<const Enumerator> enumerators = {};
};

/// A struct may have this many members: the reader marks the seen ones in a 64-bit mask.
inline constexpr std::size_t kFieldsMax = 64;

template <class T>
const Type& type_of();

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T, class A>
inline constexpr bool kIsVector<std::vector<T, A>> = !std::same_as<T, bool>;
template <class T>
inline constexpr bool kIsMap = false;
template <class T, class C, class A>
inline constexpr bool kIsMap<std::map<std::string, T, C, A>> = true;

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                  !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                  !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <class T>
constexpr Type scalar_type(Kind kind) {
  return {.kind = kind,
          .store = [](void* value,
                      std::uint64_t bits) { *static_cast<T*>(value) = static_cast<T>(bits); },
          .load =
              [](const void* value) {
                return static_cast<std::uint64_t>(
                    static_cast<std::int64_t>(*static_cast<const T*>(value)));
              }};
}

template <Integer T>
constexpr Type integer_type() {
  Type type = scalar_type<T>(Kind::kInteger);
  type.min = std::is_signed_v<T> ? static_cast<std::int64_t>(std::numeric_limits<T>::min()) : 0;
  type.max = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  return type;
}

/// An enumerator's name in JSON: kFirstWord is first_word, any other name stays. Bytes of static
/// storage, made at compile time.
template <class D>
struct EnumName {
  static constexpr std::string_view kName = D::name;
  static constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
  static constexpr bool kCamel = kName.size() > 1 && kName[0] == 'k' && is_upper(kName[1]);
  static constexpr auto kText = [] {
    std::array<char, 2 * kName.size()> text{};
    std::size_t size = 0;
    for (std::size_t i = kCamel ? 1 : 0; i < kName.size(); ++i) {
      const bool upper = kCamel && is_upper(kName[i]);
      if (upper && i > 1 && !is_upper(kName[i - 1])) text[size++] = '_';
      text[size++] = upper ? static_cast<char>(kName[i] - 'A' + 'a') : kName[i];
    }
    return std::pair{text, size};
  }();
  static constexpr std::string_view kView{kText.first.data(), kText.second};
};

template <template <class...> class List, class... D>
constexpr std::array<Enumerator, sizeof...(D)> enumerators_of(List<D...>) {
  return {Enumerator{EnumName<D>::kView, static_cast<std::int64_t>(D::value)}...};
}

template <DescribedEnum T>
inline constexpr auto kEnumerators = enumerators_of(boost::describe::describe_enumerators<T>{});

template <class T>
constexpr std::string_view field_name(std::string_view member) {
  if constexpr (requires { T::json_name(member); }) {
    return T::json_name(member);
  } else {
    return member;
  }
}

template <class T>
struct Inside {
  using Type = T;
};
template <class T>
struct Inside<std::optional<T>> : Inside<T> {};

/// May a member of type T have this rule?
template <class T>
constexpr bool rule_fits(const Rule& rule) {
  constexpr bool kText = std::same_as<T, std::string>;
  const bool number = Integer<T> || std::same_as<T, double>;
  return (rule.size == decltype(rule.size){} || kText || kIsVector<T> || kIsMap<T>) &&
         (rule.range == decltype(rule.range){} || number) && (rule.fits == nullptr || kText);
}

/// The rule of T's member of this name and type; null without one.
template <class T, class Member>
constexpr const Rule* rule_of(std::string_view name) {
  if constexpr (requires { T::kRules; }) {
    for (const Rule& rule : T::kRules) {
      if (rule.member != name) continue;
      return rule_fits<typename Inside<Member>::Type>(rule) ? &rule
                                                            : throw "a rule of another type";
    }
  }
  return nullptr;
}

template <class T>
constexpr std::size_t rule_count() {
  if constexpr (requires { T::kRules; }) {
    return std::size(T::kRules);
  } else {
    return 0;
  }
}

template <class T, class D>
constexpr Field field_of() {
  using Member = std::remove_reference_t<decltype(std::declval<T&>().*D::pointer)>;
  return {.name = field_name<T>(D::name),
          .type = &type_of<Member>,
          .member = [](void* object) -> void* { return &(static_cast<T*>(object)->*D::pointer); },
          .required = !kIsOptional<Member>,
          .rule = rule_of<T, Member>(D::name)};
}

template <class T, template <class...> class List, class... D>
constexpr std::array<Field, sizeof...(D)> fields_of(List<D...>) {
  return {field_of<T, D>()...};
}

template <DescribedStruct T>
inline constexpr auto kFields =
    fields_of<T>(boost::describe::describe_members<T, boost::describe::mod_public |
                                                          boost::describe::mod_inherited>{});

template <class T>
constexpr Type optional_type() {
  return {.kind = Kind::kOptional,
          .element = &type_of<typename T::value_type>,
          .emplace = [](void* value, std::string_view) -> void* {
            return &static_cast<T*>(value)->emplace();
          },
          .each =
              [](const void* value, Visit visit, void* context) {
                const T& optional = *static_cast<const T*>(value);
                if (optional) visit(context, {}, &*optional);
              },
          .reset = [](void* value) { static_cast<T*>(value)->reset(); }};
}

template <class T>
constexpr Type array_type() {
  return {.kind = Kind::kArray,
          .element = &type_of<typename T::value_type>,
          .emplace = [](void* value, std::string_view) -> void* {
            return &static_cast<T*>(value)->emplace_back();
          },
          .each =
              [](const void* value, Visit visit, void* context) {
                for (const auto& item : *static_cast<const T*>(value)) visit(context, {}, &item);
              }};
}

template <class T>
constexpr Type map_type() {
  return {.kind = Kind::kMap,
          .element = &type_of<typename T::mapped_type>,
          .emplace = [](void* value, std::string_view key) -> void* {
            const auto [at, added] = static_cast<T*>(value)->try_emplace(std::string{key});
            return added ? &at->second : nullptr;
          },
          .each =
              [](const void* value, Visit visit, void* context) {
                for (const auto& [key, item] : *static_cast<const T*>(value)) {
                  visit(context, key, &item);
                }
              }};
}

template <class T>
constexpr Type make_type() {
  if constexpr (std::same_as<T, bool>) {
    return {.kind = Kind::kBool};
  } else if constexpr (Integer<T>) {
    return integer_type<T>();
  } else if constexpr (std::same_as<T, double>) {
    return {.kind = Kind::kDouble};
  } else if constexpr (std::same_as<T, std::string>) {
    return {.kind = Kind::kString};
  } else if constexpr (DescribedEnum<T>) {
    Type type = scalar_type<T>(Kind::kEnum);
    type.enumerators = kEnumerators<T>;
    return type;
  } else if constexpr (kIsOptional<T>) {
    return optional_type<T>();
  } else if constexpr (kIsVector<T>) {
    return array_type<T>();
  } else if constexpr (kIsMap<T>) {
    return map_type<T>();
  } else {
    static_assert(DescribedStruct<T>, "JSON knows structs described by BOOST_DESCRIBE_STRUCT only");
    static_assert(kFields<T>.size() <= kFieldsMax, "a JSON struct has at most 64 members");
    static_assert(std::ranges::count_if(kFields<T>,
                                        [](const Field& field) { return field.rule != nullptr; }) ==
                      rule_count<T>(),
                  "each rule of a JSON struct is for another one of its members");
    return {.kind = Kind::kObject, .fields = kFields<T>};
  }
}

/// The table of T. Static storage.
template <class T>
const Type& type_of() {
  static constexpr Type kType = make_type<T>();
  return kType;
}

}  // namespace hal::http::json::detail
